/** The ink of a stroke as a closed outline, in sketch units: SVG path data, for a canvas (Path2D) and for an SVG alike. */
import { getStroke } from 'perfect-freehand'
import type { Inked } from './sketch'

const THINNING = 0.4 // a resting pen leaves 1 + THINNING times the middle width, a flying one 1 − THINNING times
const STREAMLINE = 0.35 // how far the ink cuts a trembling hand's corners; more of it, and ink and recognised line part
const SMOOTHING = 0.5

/** The outline of a stroke's ink, to be filled by the non-zero rule. Where no pressure was measured, speed stands for it. */
export function inkPath(stroke: Inked): string {
  const { x, y, pressure, pen } = stroke
  const points = x.map((px, point) => [px, y[point], pressure?.[point] ?? 0.5])
  const outline = getStroke(points, {
    size: pen.width / (1 + THINNING),
    thinning: THINNING,
    streamline: STREAMLINE,
    smoothing: SMOOTHING,
    simulatePressure: pressure === undefined,
    last: true, // the ink reaches the pen's tip while it still moves
  })
  return curveThrough(outline)
}

/** Quadratic curves bent by the corners, from the middle of one side to the middle of the next. */
function curveThrough(corners: readonly number[][]): string {
  const middle = (corner: number): string => {
    const [ax, ay] = corners[corner]
    const [bx, by] = corners[(corner + 1) % corners.length]
    return `${round((ax + bx) / 2)} ${round((ay + by) / 2)}`
  }
  const curves = corners.map(([x, y], corner) => `Q${round(x)} ${round(y)} ${middle(corner)}`)
  return `M${middle(corners.length - 1)}${curves.join('')}Z`
}

/** To 1/100 of a unit, which no eye tells from the number itself. */
function round(value: number): number {
  return Math.round(100 * value) / 100
}
