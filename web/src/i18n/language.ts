/** Which language the page speaks: the one chosen before, else the first of the browser's that it knows, else English. */
import { en, type Messages } from './en'
import { fr } from './fr'

export type Language = 'en' | 'fr'
export const MESSAGES: Record<Language, Messages> = { en, fr }
const KEY = 'gribouille.language'

export function preferredLanguage(chosen: string | null, browser: readonly string[]): Language {
  const known = [chosen ?? '', ...browser].map((tag) => tag.toLowerCase().split('-')[0])
  return known.find((tag): tag is Language => tag in MESSAGES) ?? 'en'
}

/** The language chosen on an earlier visit; null where there is none, or the browser keeps nothing. */
export function rememberedLanguage(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null // storage is forbidden here: the choice lasts as long as the page
  }
}

export function rememberLanguage(language: Language): void {
  try {
    localStorage.setItem(KEY, language)
  } catch {
    // storage is forbidden here: the choice lasts as long as the page
  }
}
