/** Which of the drawings kept a gallery shows. */
import type { Kept } from '../keep/kept'
import type { Verdict } from '../keep/said'

/** null: any; '': drawings without a word. */
export type Choice = { readonly word: string | null; readonly verdict: Verdict | 'none' | null }
export const ANY: Choice = { word: null, verdict: null }

export function chosen(drawings: readonly Kept[], { word, verdict }: Choice): Kept[] {
  return drawings.filter(
    (drawing) => (word === null || (drawing.word ?? '') === word) && (verdict === null || (drawing.verdict ?? 'none') === verdict),
  )
}

/** The words of the drawings, each once, '' for those without; in the order of the drawings. */
export function wordsOf(drawings: readonly Kept[]): string[] {
  return [...new Set(drawings.map(({ word }) => word ?? ''))]
}
