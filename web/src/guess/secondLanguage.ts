/** The language that stands beside the page's own, for those who learn one: of the others, the one that the browser wants most. */
import { LANGUAGES } from '../i18n/language'

/** Its code; undefined where there is but one language. */
export function secondLanguage(code: string, browser: readonly string[] = navigator.languages): string | undefined {
  const others = [...LANGUAGES.keys()].filter((other) => other !== code)
  const wanted = browser.map((tag) => tag.toLowerCase().split('-')[0])
  return wanted.find((tag) => others.includes(tag)) ?? others[0]
}
