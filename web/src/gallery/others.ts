/** How others drew a word: drawings of the server's store, a page at a time. */
import type { Stroke } from '../ink/sketch'

export const PAGE = 12 // drawings asked for at once

/** A drawing of somebody; x, y in 1/255 of its longer side, no times. `country`: ISO 3166-1 alpha-2, null where not known. */
export type Other = { readonly strokes: readonly Stroke[]; readonly country: string | null }
type Answer = { drawings: { strokes: [number[], number[]][]; countrycode: string | null }[] }

/** The drawings of a page, fewer or none past the last one, none for a word that the store does not have. Throws Error. */
export async function fetchOthers(label: string, page: number, signal: AbortSignal): Promise<Other[]> {
  const url = new URL('api/v1/drawings', document.baseURI)
  url.search = String(new URLSearchParams({ label, count: String(PAGE), page: String(page) }))
  const response = await fetch(url, { signal })
  if (response.status === 404) return []
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`)
  const { drawings } = (await response.json()) as Answer
  return drawings.map(({ strokes, countrycode }) => ({
    strokes: strokes.map(([x, y]) => ({ x, y, t: x.map(() => 0) })),
    country: countrycode,
  }))
}

/** The name of a country in a language; '' where it is not known. */
export function countryName(country: string | null, language: string): string {
  if (country === null || !/^[A-Z]{2}$/.test(country)) return ''
  return new Intl.DisplayNames(language, { type: 'region', fallback: 'none' }).of(country) ?? ''
}
