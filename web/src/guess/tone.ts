/** How firmly a guess is put. The probabilities are calibrated: 0.3 means right three times in ten. */
import type { Guess } from '../recognise/guess'

export type Tone = 'unsure' | 'maybe' | 'sure'

const MAYBE = 0.3 // below it, naming one word would mislead: it is wrong more than twice as often as right
const SURE = 0.7

export function toneOf(guesses: readonly Guess[]): Tone {
  const best = guesses[0]?.probability ?? 0
  return best >= SURE ? 'sure' : best >= MAYBE ? 'maybe' : 'unsure'
}
