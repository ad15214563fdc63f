/** The straight lines through a stroke's points as an SVG path, in the stroke's own unit; a dot is a line without length. */
import type { Stroke } from './sketch'

export function linePath({ x, y }: Stroke): string {
  return x.map((px, point) => `${point === 0 ? 'M' : 'L'}${px} ${y[point]}`).join('') + (x.length === 1 ? 'h0' : '')
}
