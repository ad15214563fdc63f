/** Which strokes an eraser touches on its way. Everything in sketch units. */
import { boxOf, type Box } from './box'
import type { Inked } from './sketch'

export type Place = { readonly x: number; readonly y: number }

/** The strokes whose ink comes within `reach` of the straight way between two places. */
export function touched(strokes: readonly Inked[], from: Place, to: Place, reach: number): Inked[] {
  return strokes.filter((stroke) => meets(stroke, from, to, reach + stroke.pen.width / 2))
}

const boxes = new WeakMap<Inked, Box>() // strokes are never changed, so that most of them are told from afar

function meets(stroke: Inked, from: Place, to: Place, reach: number): boolean {
  if (isFar(stroke, from, to, reach)) return false
  const { x, y } = stroke
  let before = { x: x[0], y: y[0] }
  for (let point = 0; point < x.length; point++) {
    const here = { x: x[point], y: y[point] }
    if (distance(before, here, from, to) <= reach) return true
    before = here
  }
  return false
}

function isFar(stroke: Inked, from: Place, to: Place, reach: number): boolean {
  const box = boxes.get(stroke) ?? boxOf([stroke])
  boxes.set(stroke, box)
  const across = Math.max(from.x, to.x) < box.x - reach || Math.min(from.x, to.x) > box.x + box.width + reach
  return across || Math.max(from.y, to.y) < box.y - reach || Math.min(from.y, to.y) > box.y + box.height + reach
}

/** How far two segments are apart; 0 where they cross. */
function distance(a: Place, b: Place, c: Place, d: Place): number {
  if (cross(a, b, c, d)) return 0
  return Math.min(toSegment(a, c, d), toSegment(b, c, d), toSegment(c, a, b), toSegment(d, a, b))
}

/** Whether each segment has an end on either side of the other. */
function cross(a: Place, b: Place, c: Place, d: Place): boolean {
  return side(a, b, c) * side(a, b, d) < 0 && side(c, d, a) * side(c, d, b) < 0
}

/** Greater than 0 on one side of the line a–b, less on the other. */
function side(a: Place, b: Place, place: Place): number {
  return (b.x - a.x) * (place.y - a.y) - (b.y - a.y) * (place.x - a.x)
}

function toSegment(place: Place, a: Place, b: Place): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y]
  const square = dx * dx + dy * dy
  const along = square === 0 ? 0 : ((place.x - a.x) * dx + (place.y - a.y) * dy) / square
  const part = Math.min(1, Math.max(0, along))
  return Math.hypot(place.x - a.x - part * dx, place.y - a.y - part * dy)
}
