import { expect, it } from 'vitest'
import { roundHalfEven } from './roundHalfEven'

it.each([[0.5, 0], [1.5, 2], [2.5, 2], [0.49999999999999994, 0], [254.5, 254], [3.2, 3], [3.7, 4], [7, 7]])(
  'rounds %d to %d as numpy does',
  (value, expected) => expect(roundHalfEven(value)).toBe(expected),
)
