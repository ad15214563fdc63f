/**
 * The width of the ink at every point of a stroke, in sketch units: a pen that slows down leaves more ink.
 *
 * Depends only on the points so far, so that ink already on the paper never changes under the hand.
 */
import type { Stroke } from './sketch'

const WIDEST = 7.5 // sketch units, a resting pen
const NARROWEST = 3.5 // sketch units, a very fast one
const CALM = 0.9 // units/ms at which the ink is half-way between
const INERTIA = 36 // units of way over which the width follows the speed

export function inkWidths({ x, y, t }: Stroke): number[] {
  const widths: number[] = []
  let width = (WIDEST + NARROWEST) / 2
  for (let point = 0; point < x.length; point++) {
    if (point > 0) {
      const way = Math.sqrt((x[point] - x[point - 1]) ** 2 + (y[point] - y[point - 1]) ** 2)
      const speed = way / Math.max(t[point] - t[point - 1], 1)
      const wanted = NARROWEST + (WIDEST - NARROWEST) * (CALM / (CALM + speed))
      width += (wanted - width) * (1 - Math.exp(-way / INERTIA))
    }
    widths.push(width)
  }
  return widths
}
