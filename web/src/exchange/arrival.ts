/** What a reader makes of a text: one drawing or several, each read only when it is asked for. */
import type { Inked } from '../ink/sketch'

/** `word`: the English name that came with it; `timed`: its times are the hand's own, not made up. Any place, any unit. */
export type Arrival = { readonly strokes: readonly Inked[]; readonly word: string | null; readonly timed: boolean }

/** `at` throws Unreadable where drawing `index` (from 0) is none. */
export type Arrivals = { readonly count: number; readonly at: (index: number) => Arrival }

export function single(arrival: Arrival): Arrivals {
  return { count: 1, at: () => arrival }
}
