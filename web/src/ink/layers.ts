/**
 * The paper's two canvases: finished strokes lie on one, the stroke under the hand on another above it, so that a frame
 * costs what that stroke costs, however much is drawn.
 */
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

const NONE: ReadonlySet<Inked> = new Set()

export class Layers {
  readonly #dry: Layer
  readonly #wet: Layer
  #inks: { readonly theme: string; readonly colours: Inks } | null = null

  constructor(dry: HTMLCanvasElement, wet: HTMLCanvasElement) {
    this.#dry = new Layer(dry)
    this.#wet = new Layer(wet)
  }

  show({ strokes, drawing, doomed, view, size, theme }: Scene): void {
    if (this.#inks?.theme !== theme) this.#inks = { theme, colours: inksOf(this.#dry.canvas) }
    const finished = drawing ? strokes.length - 1 : strokes.length
    const look = { view, ratio: window.devicePixelRatio, inks: this.#inks.colours }
    this.#dry.show({ ...look, strokes: strokes.slice(0, finished), faint: doomed }, size)
    this.#wet.show({ ...look, strokes: strokes.slice(finished), faint: NONE }, size)
  }
}

class Layer {
  #shown: Picture | null = null
  constructor(readonly canvas: HTMLCanvasElement) {}

  show(picture: Picture, size: Size): void {
    const [width, height] = [Math.round(size.width * picture.ratio), Math.round(size.height * picture.ratio)]
    const resized = this.canvas.width !== width || this.canvas.height !== height
    if (resized) [this.canvas.width, this.canvas.height] = [width, height] // which wipes the canvas
    const context = this.canvas.getContext('2d')
    if (context) paint(context, picture, resized ? null : this.#shown)
    this.#shown = picture
  }
}
