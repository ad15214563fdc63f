/** Undo and redo by whole steps: a stroke, an erasure, a clearing, a drawing put in. Sketches are values, so a step is one. */
import { EMPTY, type Sketch } from './sketch'

export type History = { readonly past: readonly Sketch[]; readonly present: Sketch; readonly future: readonly Sketch[] }

export const START: History = { past: [], present: EMPTY, future: [] }
const STEPS = 200 // kept; older ones are forgotten

/** The history after a step to `next`, which undo takes back; as it was where nothing changed. */
export function step({ past, present, future }: History, next: Sketch): History {
  if (next === present) return { past, present, future }
  return { past: [...past, present].slice(-STEPS), present: next, future: [] }
}

/** The history whose present is `next`, without a step: a stroke grows under the hand. */
export function grow(history: History, next: Sketch): History {
  return { ...history, present: next }
}

/** One step back; the same history where there is none. */
export function undo(history: History): History {
  const { past, present, future } = history
  const before = past.at(-1)
  return before === undefined ? history : { past: past.slice(0, -1), present: before, future: [present, ...future] }
}

/** One step forward again; the same history where there is none. */
export function redo(history: History): History {
  const { past, present, future } = history
  const [next, ...later] = future
  return next === undefined ? history : { past: [...past, present], present: next, future: later }
}
