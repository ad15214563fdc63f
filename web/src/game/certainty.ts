/** When a word counts as found: once the computer is certain enough of it, and stays so for a moment. */
import type { Guess } from '../recognise/guess'

// The probabilities are calibrated: from one half on, the word is likelier than all 344 others together, so it is first as
// well. Merely being first would accept a word at 0.1, which is wrong nine times in ten.
export const ACCEPT = 0.5
// ms that the word must stay certain: a line that crosses the word on its way to another one is no find, and two answers at
// 60 a second are one flicker.
export const HOLD = 400

export function isCertain(word: string, guesses: readonly Guess[]): boolean {
  return guesses[0]?.label === word && guesses[0].probability >= ACCEPT
}
