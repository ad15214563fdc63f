/** The smallest upright rectangle around strokes, in their unit. */
import type { Stroke } from './sketch'

export type Box = { readonly x: number; readonly y: number; readonly width: number; readonly height: number }

/** The box of all points; empty at the origin where there is none. */
export function boxOf(strokes: readonly Stroke[]): Box {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity]
  for (const stroke of strokes) {
    for (const x of stroke.x) [left, right] = [Math.min(left, x), Math.max(right, x)]
    for (const y of stroke.y) [top, bottom] = [Math.min(top, y), Math.max(bottom, y)]
  }
  return left > right ? { x: 0, y: 0, width: 0, height: 0 } : { x: left, y: top, width: right - left, height: bottom - top }
}
