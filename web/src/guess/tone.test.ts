import { describe, expect, it } from 'vitest'
import { toneOf } from './tone'

const line = (length: number) => ({ x: [0, length / 2, length], y: [0, 0, 0], t: [0, 1, 2] })
const guesses = (probability: number) => [{ label: 'cat', probability }]

describe('toneOf', () => {
  it('rises with the probability', () => {
    expect([0.1, 0.5, 0.9].map((probability) => toneOf(guesses(probability), [line(300)]))).toEqual(['unsure', 'maybe', 'sure'])
  })
  it('claims nothing of a dot or a tiny stroke, however sure the model is', () => {
    expect(toneOf(guesses(0.99), [{ x: [5], y: [5], t: [0] }])).toBe('unsure')
    expect(toneOf(guesses(0.99), [line(30)])).toBe('unsure')
  })
  it('counts the ink of all strokes', () => expect(toneOf(guesses(0.99), [line(30), line(30)])).toBe('sure'))
  it('is unsure where there is no guess', () => expect(toneOf([], [line(300)])).toBe('unsure'))
})
