/**
 * What somebody's list of words means: text in any of the page's languages in, labels out.
 *
 * Words stand on lines of their own or between commas. Case, accents, articles, hyphens and plurals do not matter. A word that
 * is known in several languages ("pain") is read in the first of them.
 */
import { plain } from '../guess/search'
import { editDistance } from './editDistance'

/** A name of the word with this label, in some language. */
export type Naming = { readonly label: string; readonly name: string }
/** Namings with what is left of each name once all that does not matter is gone. */
export type Lexicon = readonly (Naming & { readonly bare: string })[]
export type Unknown = { readonly typed: string; readonly near: readonly Naming[] }
/** Labels in the order typed, each once; words that nobody knows, with the nearest that are known. */
export type Understood = { readonly labels: readonly string[]; readonly unknown: readonly Unknown[] }

const NEAR = 3 // suggestions
const ARTICLES = /^(?:(?:an?|the|some|une?|des?|du|de la|les?|la) |(?:de )?[ld]')/

/** What `understand` looks words up in; the language to read first comes first. */
export function lexiconOf(namings: readonly Naming[]): Lexicon {
  return namings.map((naming) => ({ ...naming, bare: bare(naming.name) }))
}

export function understand(text: string, lexicon: Lexicon): Understood {
  const known = new Map<string, string>()
  for (const entry of lexicon) if (!known.has(entry.bare)) known.set(entry.bare, entry.label)
  const labels = new Set<string>()
  const unknown: Unknown[] = []
  for (const typed of wordsIn(text)) {
    const label = known.get(bare(typed))
    if (label !== undefined) labels.add(label)
    else unknown.push({ typed, near: nearest(bare(typed), lexicon) })
  }
  return { labels: [...labels], unknown }
}

/** The text with a word that was typed in the place of another. */
export function corrected(text: string, typed: string, name: string): string {
  return text
    .split(/([\n,;]+)/)
    .map((part) => (part.trim() === typed ? part.replace(typed, () => name) : part))
    .join('')
}

function wordsIn(text: string): string[] {
  return text.split(/[\n,;]+/).map((word) => word.trim()).filter((word) => bare(word) !== '')
}

/** What is left of a word once all that does not matter is gone: "L’Œil" → "oeil", "Teddy-Bears" → "teddy bear". */
export function bare(word: string): string {
  const letters = plain(word).replace(/[^\p{L}\p{N}']+/gu, ' ').trim()
  return letters.replace(ARTICLES, '').trim().replace(/(?<=\S{3})[sx](?= |$)/g, '')
}

function nearest(typed: string, lexicon: Lexicon): Naming[] {
  const most = Math.max(2, Math.floor(typed.length / 3)) // letters that may be wrong
  const found = lexicon
    .map((naming) => ({ naming, distance: distanceOf(typed, naming.bare) }))
    .filter(({ distance }) => distance <= most && distance < typed.length - 1)
    .sort((a, b) => a.distance - b.distance)
  const each = new Map<string, Naming>()
  for (const { naming } of found) if (!each.has(naming.label)) each.set(naming.label, naming)
  return [...each.values()].slice(0, NEAR)
}

/** A whole word of a longer name is near it: "phone" is one away from "cell phone". */
function distanceOf(typed: string, name: string): number {
  return name.split(' ').includes(typed) ? 1 : editDistance(typed, name)
}
