/** Puts strokes on a canvas: a view of the sketch, never read back. */
import type { Stroke } from './sketch'
import { strokeOutline } from './strokeOutline'
import type { View } from './view'

/** What a picture of the strokes depends on; `ratio` is device pixels per CSS pixel, `ink` a CSS colour. */
export type Picture = { readonly strokes: readonly Stroke[]; readonly view: View; readonly ratio: number; readonly ink: string }

/** Paints a picture where `before` stands (null: nothing): only the new ink where the hand just goes on. */
export function paint(context: CanvasRenderingContext2D, picture: Picture, before: Picture | null): void {
  const { strokes, view, ratio, ink } = picture
  const grown = before !== null && goesOn(picture, before)
  if (!grown) {
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  }
  const scale = ratio * view.scale
  context.setTransform(scale, 0, 0, scale, ratio * view.x, ratio * view.y)
  context.fillStyle = ink
  strokes.forEach((stroke, index) => {
    const inked = grown ? (before.strokes[index]?.x.length ?? 0) : 0
    if (inked < stroke.x.length) fill(context, stroke, inked)
  })
}

/** Whether a picture shows the one before with something added to its last stroke, or a stroke after it. */
function goesOn(picture: Picture, before: Picture): boolean {
  const same = picture.view === before.view && picture.ratio === before.ratio && picture.ink === before.ink
  const last = before.strokes.length - 1
  const kept = before.strokes.every((stroke, index) => index === last || picture.strokes[index] === stroke)
  return same && kept && (last < 0 || isLonger(picture.strokes[last], before.strokes[last]))
}

function isLonger(stroke: Stroke | undefined, before: Stroke): boolean {
  return stroke === before || (stroke !== undefined && stroke.x.length > before.x.length && stroke.t[0] === before.t[0])
}

function fill(context: CanvasRenderingContext2D, stroke: Stroke, from: number): void {
  const path = new Path2D()
  strokeOutline(path, stroke, from)
  context.fill(path)
}
