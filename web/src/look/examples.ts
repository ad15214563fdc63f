/** Drawings to look at while the paper is empty: the house of the 2019 poster (design of this project's forerunner), two of ours. */
import { boxOf } from '../ink/box'
import type { Stroke } from '../ink/sketch'

type Line = readonly [x: readonly number[], y: readonly number[]]
export type Example = { readonly label: string; readonly strokes: readonly Stroke[] }

const SIDE = 210 // sketch units of the longer side
const STEP = 5 // sketch units between points, as a hand leaves them
const SPEED = 0.16 // sketch units per ms, of somebody who takes care
const PAUSE = 420 // ms from one stroke to the next

const HOUSE: readonly Line[] = [
  [
    [20, 93, 134, 142, 150, 192, 174, 68, 26, 0, 1, 21, 31, 40, 187, 223, 224, 209, 201, 199],
    [90, 29, 3, 0, 3, 91, 95, 86, 79, 72, 93, 196, 228, 233, 253, 255, 250, 203, 150, 102],
  ],
  [
    [126, 126, 129, 195],
    [235, 175, 171, 169],
  ],
]
const FACE: readonly Line[] = [
  arc({ x: 100, y: 100, width: 100, height: 100 }, -90, 362),
  arc({ x: 65, y: 70, width: 9, height: 12 }, -90, 362),
  arc({ x: 135, y: 70, width: 9, height: 12 }, -90, 362),
  arc({ x: 100, y: 105, width: 55, height: 45 }, 20, 140),
]
const CAT: readonly Line[] = [
  arc({ x: 100, y: 110, width: 80, height: 70 }, -90, 362),
  [[35, 28, 80], [72, 5, 46]],
  [[122, 172, 166], [46, 6, 72]],
  [[70, 70], [95, 100]],
  [[130, 130], [95, 100]],
  [[93, 107, 100, 93], [120, 120, 130, 120]],
  [[100, 98, 88, 76], [130, 142, 148, 144]],
  [[100, 103, 114, 126], [130, 142, 148, 143]],
  [[60, 5], [125, 115]],
  [[60, 4], [135, 142]],
  [[140, 196], [125, 114]],
  [[140, 195], [135, 143]],
]

/** Centred on the paper, as a hand would have drawn them. */
export const EXAMPLES: readonly Example[] = [
  { label: 'house', strokes: drawn(HOUSE) },
  { label: 'smiley face', strokes: drawn(FACE) },
  { label: 'cat', strokes: drawn(CAT) },
]

/** Part of an ellipse around a middle, `width` and `height` its half axes; degrees, clockwise from the right. */
function arc(at: { x: number; y: number; width: number; height: number }, from: number, sweep: number): Line {
  const angles = Array.from({ length: 33 }, (_, part) => ((from + (sweep * part) / 32) * Math.PI) / 180)
  return [angles.map((angle) => at.x + at.width * Math.cos(angle)), angles.map((angle) => at.y + at.height * Math.sin(angle))]
}

/** Lines as strokes with time: SIDE long, around the paper's middle, a point every STEP or so. */
export function drawn(lines: readonly Line[]): Stroke[] {
  const box = boxOf(lines.map(([x, y]) => ({ x, y, t: [] })))
  const scale = SIDE / Math.max(box.width, box.height)
  let now = -PAUSE
  return lines.map(([x, y]) => {
    const stroke: { x: number[]; y: number[]; t: number[] } = { x: [], y: [], t: [] }
    now += PAUSE
    x.forEach((_, point) => {
      const before = Math.max(point - 1, 0)
      const [dx, dy] = [scale * (x[point] - x[before]), scale * (y[point] - y[before])]
      const length = Math.sqrt(dx * dx + dy * dy)
      const steps = Math.max(1, Math.round(length / STEP))
      for (let step = 1; step <= steps; step++) {
        const back = 1 - step / steps
        now += length / steps / SPEED
        stroke.x.push(scale * (x[point] - box.x - box.width / 2) - back * dx)
        stroke.y.push(scale * (y[point] - box.y - box.height / 2) - back * dy)
        stroke.t.push(Math.round(now))
      }
    })
    return stroke
  })
}
