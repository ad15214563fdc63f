/** Finds words as people type them: in any language, without case, accents, ligatures. */
import { plain } from '../guess/search'

/** A word to find: its label, and what it is called in every language, the page's own first. */
export type Named = { readonly label: string; readonly names: readonly string[] }

/**
 * The words that hold what was typed. First those that begin with it, or have a word that does, in the page's own language;
 * then those in another; then all that hold it somewhere. Of equals, in the order given.
 */
export function findWords(words: readonly Named[], typed: string): Named[] {
  const wanted = plain(typed)
  return words
    .map((word) => ({ word, rank: rankOf(word, wanted) }))
    .filter(({ rank }) => rank < NOWHERE)
    .sort((a, b) => a.rank - b.rank)
    .map(({ word }) => word)
}

// By whether it is another language's name that matches.
const [BEGINS, BEGINS_A_WORD, INSIDE, NOWHERE] = [[0, 2], [1, 3], [4, 4], 5] as const

function rankOf({ names }: Named, wanted: string): number {
  const ranks = names.map((name, index) => {
    const [text, other] = [plain(name), index === 0 ? 0 : 1]
    if (text.startsWith(wanted)) return BEGINS[other]
    if (text.includes(` ${wanted}`) || text.includes(`'${wanted}`)) return BEGINS_A_WORD[other]
    return text.includes(wanted) ? INSIDE[other] : NOWHERE
  })
  return Math.min(...ranks)
}
