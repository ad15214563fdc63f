/**
 * Finished strokes lie on a canvas of their own, out of sight; the paper's canvas shows it and the stroke under the hand.
 * So a frame costs what that stroke costs, however much is drawn, and only the part that changed is put on the screen anew:
 * two canvases one above the other took the browser twice the time (Chromium without a graphics card, benchmarks/page.py).
 */
import type { Box } from './box'
import { changed, goesOn, looksAlike } from './changed'
import { inksOf, paint, type Inks, type Picture } from './paint'
import type { Inked } from './sketch'
import type { Size, View } from './view'

/** What is to be seen. */
export type Scene = {
  readonly strokes: readonly Inked[]
  /** Whether the last stroke is under the hand. */
  readonly drawing: boolean
  /** Strokes about to be rubbed out. */
  readonly doomed: ReadonlySet<Inked>
  readonly view: View
  readonly size: Size // CSS pixels
  /** The name of the theme, which the colours follow. */
  readonly theme: string
}

export class Layers {
  readonly #paper: CanvasRenderingContext2D
  readonly #finished: CanvasRenderingContext2D
  #inks: { readonly theme: string; readonly colours: Inks } | null = null
  #before: { readonly all: Picture; readonly finished: Picture } | null = null

  constructor(readonly canvas: HTMLCanvasElement) {
    this.#paper = contextOf(canvas)
    this.#finished = contextOf(document.createElement('canvas'))
  }

  show({ strokes, drawing, doomed, view, size, theme }: Scene): void {
    if (this.#inks?.theme !== theme) this.#inks = { theme, colours: inksOf(this.canvas) }
    const all = { strokes, faint: doomed, view, ratio: window.devicePixelRatio, inks: this.#inks.colours }
    const finished = { ...all, strokes: drawing ? strokes.slice(0, -1) : strokes }
    if (this.#resize(size, all.ratio)) this.#before = null
    this.#finish(finished)
    const { width, height } = this.canvas
    const whole = this.#before === null || !looksAlike(all, this.#before.all)
    const part = whole ? { x: 0, y: 0, width, height } : changed(all, this.#before!.all)
    if (part) this.#put(part, all, strokes.slice(finished.strokes.length))
    this.#before = { all, finished }
  }

  /** Whether the canvases had another size; they are empty then. */
  #resize(size: Size, ratio: number): boolean {
    const [width, height] = [Math.round(size.width * ratio), Math.round(size.height * ratio)]
    if (this.canvas.width === width && this.canvas.height === height) return false
    for (const canvas of [this.canvas, this.#finished.canvas]) [canvas.width, canvas.height] = [width, height]
    return true
  }

  /** Brings the finished strokes up to date: adds those that are new, where that is all. */
  #finish(picture: Picture): void {
    const before = this.#before?.finished
    const kept = before && goesOn(picture, before) ? before.strokes.length : 0
    if (kept === 0) wipe(this.#finished, { x: 0, y: 0, width: this.canvas.width, height: this.canvas.height })
    paint(this.#finished, picture.strokes.slice(kept), picture)
  }

  /** Shows a part of the paper as it is: the finished strokes there, and above them those under the hand. */
  #put(part: Box, picture: Picture, wet: readonly Inked[]): void {
    if (this.canvas.width === 0 || this.canvas.height === 0) return
    const { x, y, width, height } = part
    const context = this.#paper
    context.save()
    context.beginPath()
    context.rect(x, y, width, height)
    context.clip()
    wipe(context, part)
    context.drawImage(this.#finished.canvas, x, y, width, height, x, y, width, height)
    paint(context, wet, picture)
    context.restore()
  }
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d')
  if (!context) throw new Error('this browser has no canvas to draw on')
  return context
}

function wipe(context: CanvasRenderingContext2D, { x, y, width, height }: Box): void {
  context.resetTransform()
  context.clearRect(x, y, width, height)
}
