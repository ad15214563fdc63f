import { expect, it } from 'vitest'
import { canonical } from '../recognise/canonical'
import { scribble } from './scribble'

it('draws the same for the same number, and another for another', () => {
  expect(scribble(1)).toEqual(scribble(1))
  expect(scribble(1)).not.toEqual(scribble(2))
})

it('draws what a hand could: on the paper, onwards in time, a drawing for the model', () => {
  for (let number = 0; number < 50; number++) {
    const strokes = scribble(number)
    const samples = strokes.flat()
    expect(samples.every(({ x, y }) => Math.abs(x) < 130 && Math.abs(y) < 130)).toBe(true)
    expect(samples.every(({ time }, index) => index === 0 || time > samples[index - 1].time)).toBe(true)
    expect(canonical(strokes.map((stroke) => ({ x: stroke.map(({ x }) => x), y: stroke.map(({ y }) => y), t: [] }))).length).toBeGreaterThan(20)
  }
})
