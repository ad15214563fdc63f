/**
 * The outline of a stroke's ink, in sketch units: the smooth line through its points, as wide as the pen was slow.
 *
 * A quadratic curve through the middles of the segments, bent by the points, cut into short pieces: each piece a
 * quadrilateral and a round end, all wound the same way, so that filling them with the non-zero rule gives one shape.
 */
import { inkWidths } from './inkWidths'
import type { Stroke } from './sketch'

/** What an outline is written to: a Path2D, or anything that can hold one. */
export type Pen = Pick<Path2D, 'moveTo' | 'lineTo' | 'closePath' | 'arc'>

const PIECE = 3 // sketch units; shorter ones cannot be told from a curve
const DOT = 1.25 // a dot is wider than the line, as a pen that is pressed down leaves it

type Nib = { x: number; y: number; radius: number }

/** Writes the outline of a stroke from a point on (0: the whole stroke). */
export function strokeOutline(pen: Pen, stroke: Stroke, from: number): void {
  const { x, y } = stroke
  const widths = inkWidths(stroke)
  const last = x.length - 1
  if (last === 0) return round(pen, { x: x[0], y: y[0], radius: (widths[0] * DOT) / 2 })
  const nib = (point: number): Nib => ({ x: x[point], y: y[point], radius: widths[point] / 2 })
  const first = Math.max(from - 1, 0) // the curve into point `from` begins before it
  let here = first === 0 ? nib(0) : between(nib(first - 1), nib(first), 0.5)
  round(pen, here)
  for (let point = Math.max(first, 1); point <= last; point++) {
    const bend = nib(point)
    const end = point === last ? bend : between(bend, nib(point + 1), 0.5)
    const start = here
    const pieces = Math.max(1, Math.ceil(Math.sqrt((end.x - start.x) ** 2 + (end.y - start.y) ** 2) / PIECE))
    for (let piece = 1; piece <= pieces; piece++) {
      const part = piece / pieces
      const next = between(between(start, bend, part), between(bend, end, part), part)
      join(pen, here, next)
      here = next
    }
  }
}

function between(a: Nib, b: Nib, part: number): Nib {
  return { x: a.x + part * (b.x - a.x), y: a.y + part * (b.y - a.y), radius: a.radius + part * (b.radius - a.radius) }
}

function join(pen: Pen, a: Nib, b: Nib): void {
  const way = Math.sqrt((b.x - a.x) ** 2 + (b.y - a.y) ** 2)
  if (way > 0) {
    const [acrossX, acrossY] = [(b.y - a.y) / way, (a.x - b.x) / way]
    pen.moveTo(a.x + acrossX * a.radius, a.y + acrossY * a.radius)
    pen.lineTo(b.x + acrossX * b.radius, b.y + acrossY * b.radius)
    pen.lineTo(b.x - acrossX * b.radius, b.y - acrossY * b.radius)
    pen.lineTo(a.x - acrossX * a.radius, a.y - acrossY * a.radius)
    pen.closePath()
  }
  round(pen, b)
}

function round(pen: Pen, { x, y, radius }: Nib): void {
  pen.moveTo(x + radius, y)
  pen.arc(x, y, radius, 0, 2 * Math.PI)
}
