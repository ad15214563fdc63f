import { expect, it } from 'vitest'
import { StrokesError } from './canonical'
import { fittingDrawing } from './fittingDrawing'

const dots = (count: number): { x: number[]; y: number[]; t: number[] }[] =>
  Array.from({ length: count }, (_, dot) => ({ x: [dot], y: [0], t: [0] })) // two points each

it('refuses a scribble of more points than the model can hold', () => {
  expect(() => fittingDrawing(dots(2049))).toThrow(StrokesError)
  expect(fittingDrawing(dots(2048))).toHaveLength(3 * 4096)
})

it('refuses what is no drawing', () => expect(() => fittingDrawing([])).toThrow(StrokesError))
