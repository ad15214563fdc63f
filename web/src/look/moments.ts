/** When to ask what the computer thinks of an unfinished drawing: evenly along its ink, so that pauses count for nothing. */
import type { Stroke } from '../ink/sketch'

/** At most `count` moments, in ms since the first point and rising: of the points that complete 1/count, 2/count, … of the ink. */
export function momentsOf(strokes: readonly Stroke[], count: number): number[] {
  const way = wayOf(strokes)
  const times = strokes.flatMap(({ t }) => t)
  const whole = way.at(-1) ?? 0
  const points = Array.from({ length: count }, (_, part) =>
    part === count - 1 ? way.length - 1 : way.findIndex((walked) => walked >= ((part + 1) / count) * whole),
  )
  return [...new Set(points.map((point) => times[point]))].filter((time) => time !== undefined)
}

/** The length of line drawn when each point was reached, over all strokes. */
function wayOf(strokes: readonly Stroke[]): number[] {
  const way: number[] = []
  let walked = 0
  for (const { x, y } of strokes) {
    x.forEach((px, point) => {
      if (point > 0) walked += Math.sqrt((px - x[point - 1]) ** 2 + (y[point] - y[point - 1]) ** 2)
      way.push(walked)
    })
  }
  return way
}
