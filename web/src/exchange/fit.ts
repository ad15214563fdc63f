/** Strokes from elsewhere, moved and scaled so that they lie on the paper: its middle is the origin, one unit a CSS pixel. */
import { boxOf } from '../ink/box'
import { WIDTHS, type Inked } from '../ink/sketch'
import type { Size } from '../ink/view'

const SHARE = 0.7 // of the paper's shorter side that the longer side of a drawing takes, where it has to be scaled
const MOST = 0.95 // of the paper, beyond which a drawing is too large
const TINY = 0.25 // of the paper's shorter side, below which it is too small

/** The strokes in the middle of paper of this size, as large as they were unless that is too large or tiny. */
export function fitted(strokes: readonly Inked[], paper: Size): Inked[] {
  const box = boxOf(strokes)
  const scale = scaleFor(box, paper)
  const [middleX, middleY] = [box.x + box.width / 2, box.y + box.height / 2]
  return strokes.map((stroke) => ({
    ...stroke,
    x: stroke.x.map((x) => (x - middleX) * scale),
    y: stroke.y.map((y) => (y - middleY) * scale),
    pen: { ...stroke.pen, width: nearestWidth(stroke.pen.width * scale) },
  }))
}

function scaleFor(drawing: Size, paper: Size): number {
  const side = Math.max(drawing.width, drawing.height)
  const shorter = Math.min(paper.width, paper.height)
  if (side === 0 || shorter === 0) return 1 // a dot; a paper that is not shown yet
  const tooLarge = drawing.width > MOST * paper.width || drawing.height > MOST * paper.height
  return tooLarge || side < TINY * shorter ? (SHARE * shorter) / side : 1
}

/** The pen's own width that comes nearest to a width in sketch units. */
function nearestWidth(width: number): number {
  return WIDTHS.reduce((best, own) => (Math.abs(own - width) < Math.abs(best - width) ? own : best), WIDTHS[0] as number)
}
