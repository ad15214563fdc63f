/**
 * From strokes to the drawing that the model knows: Google's published simplification, exactly once.
 *
 * The same algorithm, operation by operation, as `canonical` in src/gribouille/drawing.py: float64 with +, −, ×, ÷ and √
 * only (never Math.hypot, which rounds differently), so that both give the same bytes (tests/golden/canonical.json).
 */
import type { Stroke } from '../ink/sketch'
import { roundHalfEven } from './roundHalfEven'

const SIDE = 255 // units: the longer side of a drawing's bounding box
const EPSILON = 2 // units: Google's Ramer–Douglas–Peucker tolerance

/** Rows x, y (1/255 of the longer side), pen (0 starts a stroke, 1 continues it), end to end. */
export type Drawing = Uint8Array

/** Strokes that no recogniser takes: no drawing, or more of one than it can hold. The message names the place. */
export class StrokesError extends RangeError {}

type Frame = { lowX: number; lowY: number; scale: number }
type Polyline = { x: Float64Array; y: Float64Array }

/** The drawing of raw strokes. Throws StrokesError for strokes that are none. */
export function canonical(strokes: readonly Stroke[]): Drawing {
  const frame = frameOf(strokes)
  return joined(strokes.map((stroke) => simplify(resample(scaled(stroke, frame)))))
}

function frameOf(strokes: readonly Stroke[]): Frame {
  if (strokes.length === 0) throw new StrokesError('expected at least one stroke, found none')
  let [lowX, lowY, highX, highY] = [Infinity, Infinity, -Infinity, -Infinity]
  strokes.forEach(({ x, y }, index) => {
    if (x.length === 0 || x.length !== y.length) {
      throw new StrokesError(`stroke ${index}: expected as many x as y, at least one, found ${x.length} and ${y.length}`)
    }
    for (let point = 0; point < x.length; point++) {
      if (!Number.isFinite(x[point]) || !Number.isFinite(y[point])) {
        throw new StrokesError(`stroke ${index}, point ${point}: expected finite numbers, found ${x[point]}, ${y[point]}`)
      }
      lowX = Math.min(lowX, x[point])
      lowY = Math.min(lowY, y[point])
      highX = Math.max(highX, x[point])
      highY = Math.max(highY, y[point])
    }
  })
  const extent = Math.max(highX - lowX, highY - lowY)
  const scale = extent > 0 ? SIDE / extent : 0
  if (!Number.isFinite(extent) || !Number.isFinite(scale)) throw new StrokesError('expected a drawing of finite extent')
  return { lowX, lowY, scale }
}

function scaled({ x, y }: Stroke, { lowX, lowY, scale }: Frame): Polyline {
  return {
    x: Float64Array.from(x, (value) => (value - lowX) * scale),
    y: Float64Array.from(y, (value) => (value - lowY) * scale),
  }
}

/** The points at arc length 0, 1, 2, … of a stroke, and its last point. */
function resample({ x, y }: Polyline): Polyline {
  const last = x.length - 1
  const length = new Float64Array(last + 1) // arc length at each point
  for (let point = 1; point <= last; point++) {
    const dx = x[point] - x[point - 1]
    const dy = y[point] - y[point - 1]
    length[point] = length[point - 1] + Math.sqrt(dx * dx + dy * dy)
  }
  const count = Math.ceil(length[last]) // whole lengths strictly before the last point
  const out = { x: new Float64Array(count + 1), y: new Float64Array(count + 1) }
  let segment = 0
  for (let whole = 0; whole < count; whole++) {
    while (length[segment + 1] <= whole) segment++
    const part = (whole - length[segment]) / (length[segment + 1] - length[segment])
    out.x[whole] = x[segment] + part * (x[segment + 1] - x[segment])
    out.y[whole] = y[segment] + part * (y[segment + 1] - y[segment])
  }
  out.x[count] = x[last]
  out.y[count] = y[last]
  return out
}

/** The points that Ramer–Douglas–Peucker keeps; a dot becomes two equal points. */
function simplify({ x, y }: Polyline): Polyline {
  const last = x.length - 1
  if (last === 0) return { x: Float64Array.of(x[0], x[0]), y: Float64Array.of(y[0], y[0]) }
  const keep = new Uint8Array(last + 1)
  keep[0] = keep[last] = 1
  const spans: [number, number][] = [[0, last]]
  for (let span = spans.pop(); span; span = spans.pop()) {
    const [first, end] = span
    const [middle, distance] = farthest(x, y, first, end)
    if (distance > EPSILON) {
      keep[middle] = 1
      spans.push([first, middle], [middle, end])
    }
  }
  return { x: x.filter((_, point) => keep[point]), y: y.filter((_, point) => keep[point]) }
}

/** The point strictly between first and end that is farthest from the infinite line through them (the first such). */
function farthest(x: Float64Array, y: Float64Array, first: number, end: number): [number, number] {
  const dx = x[end] - x[first]
  const dy = y[end] - y[first]
  const length = Math.sqrt(dx * dx + dy * dy)
  let [middle, most] = [first, -1]
  for (let point = first + 1; point < end; point++) {
    const px = x[point] - x[first]
    const py = y[point] - y[first]
    const distance = length === 0 ? Math.sqrt(px * px + py * py) : Math.abs(dx * py - dy * px) / length
    if (distance > most) [middle, most] = [point, distance]
  }
  return [middle, most]
}

function joined(strokes: Polyline[]): Drawing {
  const drawing = new Uint8Array(3 * strokes.reduce((total, { x }) => total + x.length, 0))
  let row = 0
  for (const { x, y } of strokes) {
    for (let point = 0; point < x.length; point++, row += 3) {
      drawing[row] = roundHalfEven(x[point])
      drawing[row + 1] = roundHalfEven(y[point])
      drawing[row + 2] = Math.min(point, 1)
    }
  }
  return drawing
}
