/** Finds words as people type them: in any language, without case, accents, ligatures. */

/** A word to find: its label, and what it is called in every language, the page's own first. */
export type Named = { readonly label: string; readonly names: readonly string[] }

/** "Œil de Bœuf" → "oeil de boeuf". */
export function plain(text: string): string {
  const bare = text.toLowerCase().normalize('NFD').replace(/\p{Diacritic}/gu, '')
  return bare.replaceAll('œ', 'oe').replaceAll('æ', 'ae').replaceAll('’', "'").trim()
}

/** The words that hold what was typed, those that begin with it first; of equals, in the order given. */
export function findWords(words: readonly Named[], typed: string): Named[] {
  const wanted = plain(typed)
  const rank = ({ names }: Named): number => Math.min(...names.map((name) => rankOf(plain(name), wanted)))
  return words
    .map((word) => ({ word, rank: rank(word) }))
    .filter((found) => found.rank < ELSEWHERE)
    .sort((a, b) => a.rank - b.rank)
    .map((found) => found.word)
}

const [BEGINS, BEGINS_A_WORD, INSIDE, ELSEWHERE] = [0, 1, 2, 3]

function rankOf(name: string, wanted: string): number {
  const at = name.indexOf(wanted)
  if (at < 0) return ELSEWHERE
  if (at === 0) return BEGINS
  return name.includes(` ${wanted}`) || name.includes(`'${wanted}`) ? BEGINS_A_WORD : INSIDE
}
