/** Puts strokes on a canvas: a view of the sketch, never read back. */
import { inkPath } from './inkPath'
import { COLOURS, type Colour, type Inked } from './sketch'
import type { View } from './view'

export type Inks = Readonly<Record<Colour, string>> // CSS colours
/** How strokes are shown; `ratio` is device pixels per CSS pixel, `faint` are strokes about to be rubbed out. */
export type Look = {
  readonly faint: ReadonlySet<Inked>
  readonly view: View
  readonly ratio: number
  readonly inks: Inks
}
export type Picture = Look & { readonly strokes: readonly Inked[] }

const FAINT = 0.22 // opacity
const paths = new WeakMap<Inked, Path2D>() // strokes are never changed, so their outlines need finding only once

/** The theme's colours where an element stands. */
export function inksOf(element: Element): Inks {
  const style = getComputedStyle(element)
  return Object.fromEntries(COLOURS.map((colour) => [colour, style.getPropertyValue(`--pen-${colour}`)])) as Inks
}

/** Adds strokes to what is on a canvas. */
export function paint(context: CanvasRenderingContext2D, strokes: readonly Inked[], { faint, view, ratio, inks }: Look): void {
  const scale = ratio * view.scale
  context.setTransform(scale, 0, 0, scale, ratio * view.x, ratio * view.y)
  for (const stroke of strokes) {
    context.globalAlpha = faint.has(stroke) ? FAINT : 1
    context.fillStyle = inks[stroke.pen.colour]
    context.fill(pathOf(stroke))
  }
}

function pathOf(stroke: Inked): Path2D {
  const path = paths.get(stroke) ?? inkPath(stroke)
  paths.set(stroke, path)
  return path
}
