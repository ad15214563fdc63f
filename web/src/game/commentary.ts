/** What the computer says while somebody draws: which guesses are worth a word, and how firmly. */
import type { Guess } from '../recognise/guess'

export type Comment =
  | { readonly kind: 'nothing' } // nothing drawn yet
  | { readonly kind: 'lost' } // nothing worth a word
  | { readonly kind: 'close'; readonly label: string } // the word comes first, but is not certain yet
  | { readonly kind: 'sees'; readonly label: string; readonly other: string | null } // another word, or two

const WORTH = 0.12 // a word below it is wrong eight times in nine: naming it would be noise

export function commentOn(guesses: readonly Guess[], word: string): Comment {
  const best = guesses[0]
  if (best === undefined) return { kind: 'nothing' }
  if (best.probability < WORTH) return { kind: 'lost' }
  if (best.label === word) return { kind: 'close', label: word }
  const second = guesses[1]
  return { kind: 'sees', label: best.label, other: second && second.probability >= WORTH ? second.label : null }
}
