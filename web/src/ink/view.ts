/**
 * Where the sketch lies on the paper: paper pixel = middle + scale × sketch unit, both in CSS pixels.
 *
 * The scale is 1 unless the paper has become too small for what was drawn on it (a turned phone, a narrower window).
 */
import type { Stroke } from './sketch'

export type Size = { readonly width: number; readonly height: number }
export type View = { readonly scale: number; readonly x: number; readonly y: number }

const AIR = 12 // CSS pixels kept free around a drawing that had to be shrunk

/** The view that shows all strokes on paper of this size, as large as they were drawn where that fits. */
export function viewOf({ width, height }: Size, strokes: readonly Stroke[]): View {
  let [reachX, reachY] = [0, 0] // the farthest point from the middle
  for (const stroke of strokes) {
    for (const x of stroke.x) reachX = Math.max(reachX, Math.abs(x))
    for (const y of stroke.y) reachY = Math.max(reachY, Math.abs(y))
  }
  const fits = reachX <= width / 2 && reachY <= height / 2
  const shrunk = Math.min((width / 2 - AIR) / reachX, (height / 2 - AIR) / reachY)
  return { scale: fits ? 1 : Math.max(shrunk, 0.05), x: width / 2, y: height / 2 }
}

/** The place on the sketch under a pixel of the paper. */
export function toSketch(view: View, x: number, y: number): { x: number; y: number } {
  return { x: (x - view.x) / view.scale, y: (y - view.y) / view.scale }
}
