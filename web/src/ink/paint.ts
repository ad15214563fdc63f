/** Puts strokes on a canvas: a view of the sketch, never read back. */
import { boxOf } from './box'
import { inkPath } from './inkPath'
import { COLOURS, type Colour, type Inked } from './sketch'
import type { View } from './view'

export type Inks = Readonly<Record<Colour, string>> // CSS colours
/** What a picture depends on; `ratio` is device pixels per CSS pixel, `faint` are strokes about to be rubbed out. */
export type Picture = {
  readonly strokes: readonly Inked[]
  readonly faint: ReadonlySet<Inked>
  readonly view: View
  readonly ratio: number
  readonly inks: Inks
}

const FAINT = 0.22 // opacity
const RIM = 2 // device pixels around ink that its smooth edge may touch
const paths = new WeakMap<Inked, Path2D>() // strokes are never changed, so their outlines need finding only once

/** The theme's colours where an element stands. */
export function inksOf(element: Element): Inks {
  const style = getComputedStyle(element)
  return Object.fromEntries(COLOURS.map((colour) => [colour, style.getPropertyValue(`--pen-${colour}`)])) as Inks
}

/** Paints a picture where `before` stands (null: nothing): only the strokes that have been added, where that is all. */
export function paint(context: CanvasRenderingContext2D, picture: Picture, before: Picture | null): void {
  const kept = before !== null && goesOn(picture, before) ? before.strokes.length : 0
  if (kept === 0) wipe(context, before)
  place(context, picture)
  const { strokes, faint, inks } = picture
  for (const stroke of strokes.slice(kept)) {
    context.globalAlpha = faint.has(stroke) ? FAINT : 1
    context.fillStyle = inks[stroke.pen.colour]
    context.fill(pathOf(stroke))
  }
}

/** Wipes what `before` shows, and no more: what a canvas changes must be put together anew on the screen. */
function wipe(context: CanvasRenderingContext2D, before: Picture | null): void {
  if (before === null) {
    context.setTransform(1, 0, 0, 1, 0, 0)
    return context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  }
  if (before.strokes.length === 0) return
  place(context, before)
  const { x, y, width, height } = boxOf(before.strokes)
  const rim = Math.max(...before.strokes.map(({ pen }) => pen.width)) + RIM / (before.ratio * before.view.scale)
  context.clearRect(x - rim, y - rim, width + 2 * rim, height + 2 * rim)
}

/** Lets sketch units lie where a picture's view puts them. */
function place(context: CanvasRenderingContext2D, { view, ratio }: Picture): void {
  const scale = ratio * view.scale
  context.setTransform(scale, 0, 0, scale, ratio * view.x, ratio * view.y)
}

/** Whether a picture shows the one before, and perhaps more strokes after it. */
function goesOn(picture: Picture, before: Picture): boolean {
  const alike = (['faint', 'view', 'ratio', 'inks'] as const).every((part) => picture[part] === before[part])
  return alike && before.strokes.every((stroke, index) => picture.strokes[index] === stroke)
}

function pathOf(stroke: Inked): Path2D {
  const path = paths.get(stroke) ?? inkPath(stroke)
  paths.set(stroke, path)
  return path
}
