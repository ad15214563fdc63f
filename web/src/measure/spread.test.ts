import { expect, it } from 'vitest'
import { spreadOf } from './spread'

it('tells the middle and what 95 of 100 stay within', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => 100 - index)
  expect(spreadOf(hundred)).toEqual({ count: 100, p50: 50, p95: 95 })
  expect(spreadOf([7])).toEqual({ count: 1, p50: 7, p95: 7 })
  expect(spreadOf([])).toBeNull()
})
