/**
 * The time of a replay: as it was drawn, but nobody waits longer than a second for the hand to go on.
 *
 * `drawn` is ms since the drawing's first point, as in strokes; `replayed` is ms since the replay began.
 */
import type { Stroke } from '../ink/sketch'

export const LONGEST_PAUSE = 1000 // ms
export type Clock = {
  readonly duration: number
  readonly toDrawn: (replayed: number) => number
  readonly toReplayed: (drawn: number) => number
}

/** The clock of strokes whose times never decrease. */
export function clockOf(strokes: readonly Stroke[]): Clock {
  const drawn = strokes.flatMap(({ t }) => t)
  const replayed: number[] = []
  drawn.forEach((time, point) => replayed.push(point === 0 ? 0 : replayed[point - 1] + Math.min(time - drawn[point - 1], LONGEST_PAUSE)))
  return {
    duration: replayed.at(-1) ?? 0,
    toDrawn: (time) => between(replayed, drawn, time),
    toReplayed: (time) => between(drawn, replayed, time),
  }
}

/** Where `value` of the rising numbers `from` lies among `to`, straight between two of them; the ends beyond. */
function between(from: readonly number[], to: readonly number[], value: number): number {
  const after = from.findIndex((known) => known > value)
  if (after === 0) return to[0]
  if (after < 0) return to.at(-1) ?? 0
  const part = (value - from[after - 1]) / (from[after] - from[after - 1])
  return to[after - 1] + part * (to[after] - to[after - 1])
}
