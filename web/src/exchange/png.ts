/** Strokes as a square picture with the page's own ink: what the preview shows and what is saved as PNG. */
import { boxOf } from '../ink/box'
import { HEX } from '../ink/colours'
import { paint } from '../ink/paint'
import type { Inked } from '../ink/sketch'
import type { View } from '../ink/view'

const SIDE = 1024 // pixels
const AIR = 80 // pixels around the drawing
const FOOT = 130 // pixels for a caption
const SMALLEST = 60 // sketch units: smaller drawings, a dot, are not enlarged to fill the picture
const LETTERS = 72 // pixels

/** `background`: a CSS colour, null for none; `caption`: words under the drawing, may be empty; `font`: CSS families. */
export type Sheet = { readonly background: string | null; readonly caption: string; readonly font: string }

/** Paints the picture on a canvas, which takes its size. */
export function paintSheet(canvas: HTMLCanvasElement, strokes: readonly Inked[], { background, caption, font }: Sheet): void {
  canvas.width = canvas.height = SIDE // which wipes it
  const context = canvas.getContext('2d')
  if (!context) return
  if (background !== null) {
    context.fillStyle = background
    context.fillRect(0, 0, SIDE, SIDE)
  }
  if (caption !== '') write(context, caption, font)
  const view = viewDownTo(caption === '' ? SIDE : SIDE - FOOT, strokes)
  paint(context, strokes, { faint: new Set(), view, ratio: 1, inks: HEX })
}

/** The view in which strokes fill the picture down to `height`. */
function viewDownTo(height: number, strokes: readonly Inked[]): View {
  const box = boxOf(strokes)
  const scale = Math.min((SIDE - 2 * AIR) / Math.max(box.width, SMALLEST), (height - 2 * AIR) / Math.max(box.height, SMALLEST))
  return { scale, x: SIDE / 2 - scale * (box.x + box.width / 2), y: height / 2 - scale * (box.y + box.height / 2) }
}

function write(context: CanvasRenderingContext2D, caption: string, font: string): void {
  const inSize = (size: number): string => `italic 600 ${size}px ${font}`
  context.font = inSize(LETTERS)
  const tooWide = context.measureText(caption).width / (SIDE - 2 * AIR)
  context.font = inSize(LETTERS / Math.max(1, tooWide))
  context.fillStyle = HEX.ink
  context.textAlign = 'center'
  context.fillText(caption, SIDE / 2, SIDE - AIR)
}

/** The painted picture as a PNG file's bytes. */
export function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('expected a PNG, the browser made none'))), 'image/png')
  })
}
