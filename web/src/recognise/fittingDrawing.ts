/** The canonical drawing of strokes, no larger than the model can take. */
import type { Stroke } from '../ink/sketch'
import { canonical, StrokesError, type Drawing } from './canonical'

const POINTS_PER_RUN = 4_096 // of a simplified drawing, as in src/gribouille/recogniser.py: the model takes 0.1 MB for each

/** Throws StrokesError for strokes that are no drawing, or too much of one. */
export function fittingDrawing(strokes: readonly Stroke[]): Drawing {
  const drawing = canonical(strokes)
  const points = drawing.length / 3
  if (points > POINTS_PER_RUN) throw new StrokesError(`expected at most ${POINTS_PER_RUN} points after simplification, found ${points}`)
  return drawing
}
