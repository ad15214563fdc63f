import { expect, it } from 'vitest'
import { influenceOf, MOST_STROKES, suspects } from './influence'

const line = (length: number) => ({ x: [0, length], y: [0, 0], t: [0, 1] })
const guess = (label: string, probability: number) => ({ label, probability })

it('tells for, against and neither by what is left without the stroke', () => {
  const whole = [guess('house', 0.7), guess('barn', 0.2)]
  expect(influenceOf(1, whole, [guess('barn', 0.8), guess('house', 0.1)])).toEqual({ stroke: 1, without: 0.1, side: 'for', instead: 'barn' })
  expect(influenceOf(0, whole, [guess('house', 0.9)])).toEqual({ stroke: 0, without: 0.9, side: 'against', instead: null })
  expect(influenceOf(0, whole, [guess('house', 0.71)]).side).toBe('neither')
})

it('asks about every stroke in its order, the longest where there are many, none where there is one', () => {
  expect(suspects([line(1), line(9)])).toEqual([0, 1])
  expect(suspects([line(1)])).toEqual([])
  const many = Array.from({ length: 15 }, (_, index) => line(index === 4 ? 0 : 20 - index))
  expect(suspects(many)).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12])
  expect(suspects(many)).toHaveLength(MOST_STROKES)
})
