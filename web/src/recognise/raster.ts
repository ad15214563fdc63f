/**
 * The picture that the net sees: a canonical drawing (rows x, y, pen) in, one value in [0, 1] a pixel and channel out.
 *
 * The definition stands in src/gribouille/raster/spec.py; this is its numba kernel (kernel.py) step by step, each rounded to
 * float32, so that both give the same picture bit for bit (tests/golden/raster.json). The page needs it for showing only:
 * the model file draws its own.
 */
import type { Drawing } from './canonical'

export type Channel = 'ink' | 'time' | 'stroke'
/** How a drawing becomes a picture; all in px of the square picture. */
export type RasterSpec = {
  readonly side: number
  readonly line_width: number
  readonly margin: number // from the picture's edge to the middle of the outermost line
  readonly channels: readonly Channel[]
}
/** Channel by channel, row by row: `side` × `side` values each. */
export type Picture = Float32Array
/** Where a drawing lies in its picture: px = (units − low) × scale + shift. */
export type Place = { left: number; top: number; scale: number; shiftX: number; shiftY: number }
/** A piece of line in px, from (ax, ay) in the direction (ux, uy); `walked`: px of line before it; `stroke`: from 1. */
type Segment = { ax: number; ay: number; bx: number; by: number; ux: number; uy: number; length: number; walked: number; stroke: number }

const { ceil, floor, fround: f, max, min, sqrt } = Math

/** The picture of a drawing; black for one without points. */
export function raster(drawing: Drawing, spec: RasterSpec): Picture {
  const { side, channels } = spec
  const picture = new Float32Array(channels.length * side * side)
  const segments = segmentsOf(drawing, spec)
  const reach = f(spec.line_width / 2 + 0.5) // the distance at which coverage falls to zero
  for (const segment of segments) draw(picture, segment, spec, reach)
  const last = segments.at(-1)
  if (last) channels.forEach((channel, index) => normalise(picture.subarray(index * side * side, (index + 1) * side * side), channel, last))
  return picture
}

/** The scale and shift that box the points and centre them. */
export function placeOf(drawing: Drawing, { side, margin }: RasterSpec): Place {
  let [left, top, right, bottom] = [255, 255, 0, 0]
  for (let at = 0; at < drawing.length; at += 3) {
    left = min(left, drawing[at])
    right = max(right, drawing[at])
    top = min(top, drawing[at + 1])
    bottom = max(bottom, drawing[at + 1])
  }
  const extent = max(right - left, bottom - top)
  const scale = extent > 0 ? f(f(side - 2 * margin) / extent) : 0
  const centred = (size: number): number => f(f(side - f(size * scale)) * 0.5)
  return { left, top, scale, shiftX: centred(right - left), shiftY: centred(bottom - top) }
}

/** A segment for every point: from its predecessor, or from itself where a stroke starts, so that dots survive. */
function segmentsOf(drawing: Drawing, spec: RasterSpec): Segment[] {
  const { left, top, scale, shiftX, shiftY } = placeOf(drawing, spec)
  const segments: Segment[] = []
  let [walked, stroke, ax, ay] = [0, 0, 0, 0]
  for (let at = 0; at < drawing.length; at += 3) {
    const bx = f(f((drawing[at] - left) * scale) + shiftX)
    const by = f(f((drawing[at + 1] - top) * scale) + shiftY)
    if (drawing[at + 2] === 0) stroke++
    if (at === 0 || drawing[at + 2] === 0) [ax, ay] = [bx, by]
    const [dx, dy] = [f(bx - ax), f(by - ay)]
    const length = f(sqrt(f(f(dx * dx) + f(dy * dy))))
    // A dot has no direction: any unit vector gives its distance.
    const [ux, uy] = length > 0 ? [f(dx / length), f(dy / length)] : [1, 0]
    segments.push({ ax, ay, bx, by, ux, uy, length, walked, stroke })
    walked = f(walked + length)
    ;[ax, ay] = [bx, by]
  }
  return segments
}

/** Lays a segment over the picture: in each channel the greater of what is there and coverage × attribute. */
function draw(picture: Picture, segment: Segment, { side, channels }: RasterSpec, reach: number): void {
  const { ax, ay, bx, by, ux, uy, length, walked, stroke } = segment
  const firstOf = (a: number, b: number): number => max(0, ceil(f(f(min(a, b) - reach) - 0.5)))
  const endOf = (a: number, b: number): number => min(side, floor(f(f(max(a, b) + reach) + 0.5)))
  const [first, end, lastRow] = [firstOf(ax, bx), endOf(ax, bx), endOf(ay, by)]
  for (let row = firstOf(ay, by); row < lastRow; row++) {
    const qy = f(row + 0.5 - ay)
    const [alongY, acrossY] = [f(qy * uy), f(qy * ux)]
    for (let column = first; column < end; column++) {
      const qx = f(column + 0.5 - ax)
      const along = f(f(qx * ux) + alongY)
      const across = f(acrossY - f(qx * uy))
      const on = min(max(along, 0), length)
      const beyond = f(along - on)
      const distance = f(sqrt(f(f(across * across) + f(beyond * beyond))))
      const coverage = min(max(f(reach - distance), 0), 1)
      for (let channel = 0; channel < channels.length; channel++) {
        const kind = channels[channel]
        const value = kind === 'ink' ? coverage : f(coverage * (kind === 'time' ? f(walked + on) : stroke))
        const at = (channel * side + row) * side + column
        if (value > picture[at]) picture[at] = value
      }
    }
  }
}

/** Time as a share of the whole way, strokes as a share of all of them. */
function normalise(channel: Float32Array, kind: Channel, { walked, length, stroke }: Segment): void {
  const whole = kind === 'time' ? f(walked + length) : stroke
  if (kind === 'ink' || whole === 0) return
  for (let pixel = 0; pixel < channel.length; pixel++) channel[pixel] /= whole
}
