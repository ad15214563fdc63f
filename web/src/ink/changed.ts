/** What of a canvas must be painted anew from one picture to the next, in device pixels. */
import { boxOf, type Box } from './box'
import type { Picture } from './paint'
import type { Inked } from './sketch'

const RIM = 2 // device pixels around ink that its smooth edge may touch
const START = 12 // points of a stroke while which its beginning may still change: perfect-freehand finds its first pressure in ten
const TAIL = { points: 4, length: 24 } // at least so much of a stroke's end, in sketch units, changes its outline when it goes on

/** Whether two pictures of the same strokes are the same. */
export function looksAlike(a: Picture, b: Picture): boolean {
  return (['faint', 'view', 'ratio', 'inks'] as const).every((part) => a[part] === b[part])
}

/** Whether a picture shows the one before, and perhaps more strokes after it. */
export function goesOn(picture: Picture, before: Picture): boolean {
  return looksAlike(picture, before) && before.strokes.every((stroke, index) => picture.strokes[index] === stroke)
}

/** The part in which two pictures that look alike differ; null for none. */
export function changed(picture: Picture, before: Picture): Box | null {
  const strokes = [...missing(picture.strokes, before.strokes), ...missing(before.strokes, picture.strokes)]
  if (strokes.length === 0) return null
  const [stroke, earlier] = [picture.strokes.at(-1), before.strokes.at(-1)]
  const grown = strokes.length === 2 && stroke && earlier && isLonger(stroke, earlier)
  return pixels(grown ? endOf(stroke, earlier.x.length) : boxOf(strokes), Math.max(...strokes.map(({ pen }) => pen.width)), picture)
}

/** Those of the strokes that `others` lacks. */
function missing(strokes: readonly Inked[], others: readonly Inked[]): Inked[] {
  const known = new Set(others)
  return strokes.filter((stroke) => !known.has(stroke))
}

/** Whether a stroke is another one that has gone on. */
function isLonger(stroke: Inked, earlier: Inked): boolean {
  const alike = stroke.pen === earlier.pen && stroke.t[0] === earlier.t[0] && stroke.x[0] === earlier.x[0] && stroke.y[0] === earlier.y[0]
  return alike && stroke.x.length > earlier.x.length
}

/** The box of the part of a stroke whose outline differs from that of its first `known` points. */
export function endOf(stroke: Inked, known: number): Box {
  const { x, y, t } = stroke
  let [from, way] = [known - 1, 0]
  while (from > 0 && (way < TAIL.length || known - from <= TAIL.points || known < START)) {
    way += Math.hypot(x[from] - x[from - 1], y[from] - y[from - 1])
    from -= 1
  }
  return boxOf([{ x: x.slice(from), y: y.slice(from), t: t.slice(from) }])
}

/** The whole pixels of a box of the sketch, with room for ink of that width. */
function pixels(box: Box, inkWidth: number, { view, ratio }: Picture): Box {
  const scale = ratio * view.scale
  const rim = scale * inkWidth + RIM
  const [x, y] = [Math.floor(ratio * view.x + scale * box.x - rim), Math.floor(ratio * view.y + scale * box.y - rim)]
  return { x, y, width: Math.ceil(scale * box.width + 2 * rim) + 1, height: Math.ceil(scale * box.height + 2 * rim) + 1 }
}
