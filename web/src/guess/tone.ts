/** How firmly a guess is put. The probabilities are calibrated: 0.3 means right three times in ten. */
import type { Stroke } from '../ink/sketch'
import type { Guess } from '../recognise/guess'

export type Tone = 'unsure' | 'maybe' | 'sure'

const MAYBE = 0.3 // below it, naming one word would mislead: it is wrong more than twice as often as right
const SURE = 0.7
const LITTLE = 40 // CSS pixels, a centimetre: the model sees every drawing at one size, so a dot would look like a finished thing

/** `strokes` in CSS pixels. */
export function toneOf(guesses: readonly Guess[], strokes: readonly Stroke[]): Tone {
  const best = guesses[0]?.probability ?? 0
  if (best < MAYBE || !isLongerThan(LITTLE, strokes)) return 'unsure'
  return best >= SURE ? 'sure' : 'maybe'
}

/** Whether the pen has gone farther than `length` on the paper. */
function isLongerThan(length: number, strokes: readonly Stroke[]): boolean {
  let way = 0
  for (const { x, y } of strokes) {
    for (let point = 1; point < x.length; point++) {
      way += Math.hypot(x[point] - x[point - 1], y[point] - y[point - 1])
      if (way > length) return true
    }
  }
  return false
}
