/** The ink of a stroke as a closed outline, in sketch units. */
import { getStroke } from 'perfect-freehand'
import type { Inked } from './sketch'

/** What an outline is written to: a Path2D, or anything that can hold one. Text (SVG path data) costs five times the time. */
export type Path = Pick<Path2D, 'moveTo' | 'quadraticCurveTo' | 'closePath'>

const THINNING = 0.4 // a resting pen leaves 1 + THINNING times the middle width, a flying one 1 − THINNING times
const STREAMLINE = 0.35 // how far the ink cuts a trembling hand's corners; more of it, and ink and recognised line part
const SMOOTHING = 0.5

/** The outline of a stroke's ink, to fill a canvas with by the non-zero rule. */
export function inkPath(stroke: Inked): Path2D {
  const path = new Path2D()
  writeInk(path, stroke)
  return path
}

/** Writes that outline. Where no pressure was measured, speed stands for it. */
export function writeInk(path: Path, stroke: Inked): void {
  const { x, y, pressure, pen } = stroke
  const points = x.map((px, point) => [px, y[point], pressure?.[point] ?? 0.5])
  const corners = getStroke(points, {
    size: pen.width / (1 + THINNING),
    thinning: THINNING,
    streamline: STREAMLINE,
    smoothing: SMOOTHING,
    simulatePressure: pressure === undefined,
    last: true, // the ink reaches the pen's tip while it still moves
  })
  curveThrough(path, corners)
}

/** Quadratic curves bent by the corners, from the middle of one side to the middle of the next. */
function curveThrough(path: Path, corners: readonly number[][]): void {
  let [x, y] = corners[corners.length - 1]
  path.moveTo((x + corners[0][0]) / 2, (y + corners[0][1]) / 2)
  for (let corner = 0; corner < corners.length; corner++) {
    ;[x, y] = corners[corner]
    const [nextX, nextY] = corners[(corner + 1) % corners.length]
    path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2)
  }
  path.closePath()
}
