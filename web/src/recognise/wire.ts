/** The form in which strokes and guesses travel to the server and back. */
import type { Stroke } from '../ink/sketch'
import { StrokesError } from './canonical'
import type { Guess } from './guess'

export type Answer = { guesses?: [string, number][]; error?: { message: string }; id?: number }

/** Strokes as Quick, Draw! writes them: per stroke [x…], [y…], [t…]. */
export function toWire(strokes: readonly Stroke[]): (readonly number[])[][] {
  return strokes.map(({ x, y, t }) => [x, y, t])
}

/** The guesses of an answer. Throws StrokesError where the server refuses the strokes, Error where it says nothing. */
export function fromWire(answer: Answer): Guess[] {
  if (answer.error) throw new StrokesError(answer.error.message)
  if (!answer.guesses) throw new Error('expected guesses from the server, found none')
  return answer.guesses.map(([label, probability]) => ({ label, probability }))
}
