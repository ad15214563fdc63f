import { expect, it } from 'vitest'
import { momentsOf } from './moments'

it('goes evenly along the ink, not along the time', () => {
  const slow = { x: [0, 10, 20], y: [0, 0, 0], t: [0, 5000, 9000] }
  const fast = { x: [0, 10, 20], y: [5, 5, 5], t: [9100, 9110, 9120] }
  expect(momentsOf([slow, fast], 4)).toEqual([5000, 9000, 9110, 9120])
})

it('ends with the last point, a dot too, and names no moment twice', () => {
  const line = { x: [0, 10], y: [0, 0], t: [0, 100] }
  const dot = { x: [3], y: [3], t: [400] }
  expect(momentsOf([line, dot], 24)).toEqual([100, 400])
  expect(momentsOf([dot], 24)).toEqual([400])
  expect(momentsOf([], 24)).toEqual([])
})
