/** What each stroke does to the guess, found by asking again without it: honest, and the same for every net. */
import type { Stroke } from '../ink/sketch'
import type { Guess } from '../recognise/guess'
import { probabilityOf } from './story'

export const MOST_STROKES = 12 // asked about: each costs one run of the net
const MATTERS = 0.03 // of probability

export type Side = 'for' | 'against' | 'neither'
/** `stroke`: its index. `without`: how likely the best word is without it. `instead`: the first guess then, where it is another. */
export type Influence = { readonly stroke: number; readonly without: number; readonly side: Side; readonly instead: string | null }

/** The strokes to ask about, in their order: all, or the longest ones where there are too many. None where there is but one. */
export function suspects(strokes: readonly Stroke[]): number[] {
  if (strokes.length < 2) return []
  const order = strokes.map((stroke, index) => ({ index, length: lengthOf(stroke) })).sort((a, b) => b.length - a.length)
  return order.slice(0, MOST_STROKES).map(({ index }) => index).sort((a, b) => a - b)
}

/** What a stroke does, from the guesses with it and without it. */
export function influenceOf(stroke: number, whole: readonly Guess[], less: readonly Guess[]): Influence {
  const best = whole[0]
  const without = probabilityOf(less, best.label)
  const change = best.probability - without
  const side = change > MATTERS ? 'for' : change < -MATTERS ? 'against' : 'neither'
  return { stroke, without, side, instead: less[0].label === best.label ? null : less[0].label }
}

function lengthOf({ x, y }: Stroke): number {
  return x.reduce((sum, px, point) => (point === 0 ? 0 : sum + Math.sqrt((px - x[point - 1]) ** 2 + (y[point] - y[point - 1]) ** 2)), 0)
}
