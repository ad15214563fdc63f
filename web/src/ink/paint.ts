/** Puts strokes on a canvas: a view of the sketch, never read back. */
import { inkWidths } from './inkWidths'
import type { Stroke } from './sketch'
import type { View } from './view'

const DOT = 1.25 // a dot is wider than the line, as a pen that is pressed down leaves it

/** Clears the canvas and inks all strokes. `ratio` is device pixels per CSS pixel. */
export function paint(context: CanvasRenderingContext2D, strokes: readonly Stroke[], view: View, ratio: number, ink: string): void {
  context.setTransform(1, 0, 0, 1, 0, 0)
  context.clearRect(0, 0, context.canvas.width, context.canvas.height)
  const scale = ratio * view.scale
  context.setTransform(scale, 0, 0, scale, ratio * view.x, ratio * view.y)
  context.lineCap = 'round'
  context.lineJoin = 'round'
  context.strokeStyle = ink
  context.fillStyle = ink
  for (const stroke of strokes) paintStroke(context, stroke)
}

function paintStroke(context: CanvasRenderingContext2D, stroke: Stroke): void {
  const { x, y } = stroke
  const widths = inkWidths(stroke)
  const last = x.length - 1
  const still = x.every((value) => value === x[0]) && y.every((value) => value === y[0])
  if (still) {
    context.beginPath()
    context.arc(x[0], y[0], (widths[0] * DOT) / 2, 0, 2 * Math.PI)
    context.fill()
    return
  }
  // A quadratic curve through the middles of the segments, bent by the points: smooth, and true to every sample.
  let [fromX, fromY] = [x[0], y[0]]
  for (let point = 1; point <= last; point++) {
    const toX = point === last ? x[last] : (x[point] + x[point + 1]) / 2
    const toY = point === last ? y[last] : (y[point] + y[point + 1]) / 2
    context.beginPath()
    context.lineWidth = widths[point]
    context.moveTo(fromX, fromY)
    context.quadraticCurveTo(x[point], y[point], toX, toY)
    context.stroke()
    ;[fromX, fromY] = [toX, toY]
  }
}
