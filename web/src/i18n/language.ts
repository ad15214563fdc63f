/** The languages of the page: every file of `languages/`, by its default export; which one a person wants. */
import type { Language } from './languages/en'

const files = import.meta.glob<Language>('./languages/*.ts', { eager: true, import: 'default' })

/** By code, in alphabetical order of the codes. */
export const LANGUAGES: ReadonlyMap<string, Language> = new Map(
  Object.values(files)
    .sort((a, b) => (a.code < b.code ? -1 : 1))
    .map((language) => [language.code, language]),
)

/** The code of the language chosen before, else of the first of the browser's that there is, else English. */
export function preferredLanguage(chosen: string, browser: readonly string[]): string {
  const wanted = [chosen, ...browser].map((tag) => tag.toLowerCase().split('-')[0])
  return wanted.find((code) => LANGUAGES.has(code)) ?? 'en'
}
