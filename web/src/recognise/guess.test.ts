import { expect, it } from 'vitest'
import { topGuesses } from './guess'

it('puts the likeliest five first', () => {
  const labels = ['a', 'b', 'c', 'd', 'e', 'f']
  expect(topGuesses(labels, Float32Array.of(0.1, 0.3, 0.05, 0.25, 0.1, 0.2)).map(({ label }) => label)).toEqual(['b', 'd', 'f', 'a', 'e'])
})
