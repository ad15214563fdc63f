/** What a person says of the guess for a drawing, as it is kept. Guesses come best first. */
import type { Guess } from '../recognise/guess'

/** The guess was right; wrong and nothing more; or the drawing was `word`. */
export type Verdict = 'right' | 'wrong' | 'named'
export type Said = { readonly word: string | null; readonly verdict: Verdict | null }

export const NOTHING_SAID: Said = { word: null, verdict: null }
export const WRONG: Said = { word: null, verdict: 'wrong' }

/** "It was …": right where that is the best guess. */
export function itWas(word: string, guesses: readonly Guess[]): Said {
  return { word, verdict: guesses[0]?.label === word ? 'right' : 'named' }
}

/** "Right": the drawing is what was guessed; without a guess there is nothing to say. */
export function right(guesses: readonly Guess[]): Said {
  return guesses[0] ? itWas(guesses[0].label, guesses) : NOTHING_SAID
}
