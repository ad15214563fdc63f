import { expect, it } from 'vitest'
import { lasting, upTo } from './upTo'

const strokes = [
  { x: [0, 1, 2], y: [5, 6, 7], t: [0, 10, 20] },
  { x: [3, 4], y: [8, 9], t: [50, 60] },
]

it('cuts a drawing at a moment, the point of that moment included', () => {
  expect(upTo(strokes, 10)).toEqual([{ x: [0, 1], y: [5, 6], t: [0, 10] }])
  expect(upTo(strokes, 55)).toEqual([strokes[0], { x: [3], y: [8], t: [50] }])
})

it('leaves a finished drawing as it is', () => {
  expect(upTo(strokes, lasting(strokes))).toEqual(strokes)
  expect(lasting(strokes)).toBe(60)
  expect(lasting([])).toBe(0)
})
