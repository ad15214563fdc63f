/** The keyboard's pen: how far a press of the arrow keys moves it. Everything in CSS pixels of the paper, y down. */
import type { Place } from './touched'
import type { Size } from './view'

const STEP = 6 // pixels
const FAR = 5 // times as far with Shift
const RUN_UP = 8 // repeats of a held key by which the step grows by its own length
const FASTEST = 4 // times the step, at most

const ARROWS: Readonly<Record<string, Place>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
}

export const isArrow = (key: string): boolean => key in ARROWS

/** The step for the arrow keys that are down, one of them for the `repeats`-th time; two of them go aslant. */
export function stepOf(keys: ReadonlySet<string>, repeats: number, shift: boolean): Place {
  const held = [...keys].map((key) => ARROWS[key])
  const [x, y] = [held.reduce((sum, arrow) => sum + arrow.x, 0), held.reduce((sum, arrow) => sum + arrow.y, 0)]
  const length = STEP * (shift ? FAR : 1) * Math.min(1 + repeats / RUN_UP, FASTEST)
  const aslant = Math.hypot(x, y) || 1
  return { x: (length * x) / aslant, y: (length * y) / aslant }
}

/** A place moved by a step, held on the paper. */
export function moved(place: Place, step: Place, { width, height }: Size): Place {
  return { x: clamp(place.x + step.x, width), y: clamp(place.y + step.y, height) }
}

function clamp(value: number, most: number): number {
  return Math.min(Math.max(value, 0), most)
}
