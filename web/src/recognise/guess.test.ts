import { expect, it } from 'vitest'
import { probabilitiesOf, ranked } from './guess'

const LABELS = ['a', 'b', 'c', 'd', 'e', 'f']

it('puts the likeliest first, and of equals the first in the order of the model', () => {
  const guesses = ranked(LABELS, Float32Array.of(0.1, 0.3, 0.05, 0.25, 0.1, 0.2))
  expect(guesses.map(({ label }) => label)).toEqual(['b', 'd', 'f', 'a', 'e', 'c'])
})

it('gives back the probabilities in the order of the model, null where they were never told', () => {
  const probabilities = [0.125, 0.25, 0, 0.25, 0.125, 0.25]
  const guesses = ranked(LABELS, probabilities)
  expect(probabilitiesOf(LABELS, guesses)).toEqual(probabilities)
  expect(probabilitiesOf(LABELS, guesses.slice(0, 3))).toEqual([null, 0.25, null, 0.25, null, 0.25])
})
