/** The times of lines that came in: the hand's own where they came with them, else made up at a steady pace; ms since the first point. */
import { boxOf } from '../ink/box'
import type { Inked, Stroke } from '../ink/sketch'

/** A line without times, in any unit. */
export type Line = Pick<Stroke, 'x' | 'y'>
/** A line whose times, from any moment on, may be known. */
export type Untimed = Omit<Inked, 't'> & { readonly t: readonly number[] | null }

// Both are about the median of real raw drawings (tests/golden/raw.json: 0.45 to 3.1 sides/s, pauses of 160 to 800 ms).
const SPEED = 1 / 1000 // longer sides of the drawing a ms
const PAUSE = 500 // ms between two strokes

/** The lines with times; `timed`: they are the hand's own. */
export function timed(lines: readonly Untimed[]): { strokes: Inked[]; timed: boolean } {
  const own = fromZero(lines)
  return { strokes: own ?? withMadeUpTimes(lines), timed: own !== null }
}

/** The lines with their own times; null where one has none, or time runs backwards, as in three of Google's own 6,630. */
function fromZero(lines: readonly Untimed[]): Inked[] | null {
  const began = lines[0]?.t?.[0] ?? 0
  let now = began
  const strokes: Inked[] = []
  for (const { t, ...line } of lines) {
    if (t === null) return null
    for (const time of t) {
      if (time < now) return null
      now = time
    }
    strokes.push({ ...line, t: t.map((time) => time - began) })
  }
  return strokes
}

export function withMadeUpTimes<Kind extends Line>(lines: readonly Kind[]): (Kind & { t: number[] })[] {
  const { width, height } = boxOf(lines.map(({ x, y }) => ({ x, y, t: [] })))
  const speed = SPEED * Math.max(width, height)
  let now = -PAUSE
  return lines.map((line) => {
    now += PAUSE
    const t = line.x.map((x, point) => {
      if (point > 0) now += Math.sqrt((x - line.x[point - 1]) ** 2 + (line.y[point] - line.y[point - 1]) ** 2) / (speed || 1)
      return Math.round(now)
    })
    return { ...line, t }
  })
}
