import { expect, it } from 'vitest'
import { boxOf } from '../ink/box'
import { canonical } from '../recognise/canonical'
import { EXAMPLES } from './examples'

it.each(EXAMPLES)('$label lies in the middle of the paper, in rising time, with few points that matter', ({ strokes }) => {
  const { x, y, width, height } = boxOf(strokes)
  expect(Math.max(width, height)).toBeCloseTo(210)
  expect([x + width / 2, y + height / 2].map(Math.round)).toEqual([expect.closeTo(0), expect.closeTo(0)])
  const times = strokes.flatMap(({ t }) => t)
  expect(times).toEqual([...times].sort((a, b) => a - b))
  expect(canonical(strokes).length / 3).toBeLessThan(times.length / 2)
})
