import { expect, it } from 'vitest'
import { nextIdea } from './idea'

it('goes through all words before one comes again', () => {
  const labels = ['cat', 'dog', 'house', 'star']
  const given: string[] = []
  for (let turn = 0; turn < 8; turn++) given.push(nextIdea(labels, given, () => 0.5)!)
  expect(new Set(given.slice(0, 4))).toEqual(new Set(labels))
  expect(new Set(given.slice(4))).toEqual(new Set(labels))
})

it('repeats itself where there is but one word, and has no idea where there is none', () => {
  expect(nextIdea(['cat'], ['cat'])).toBe('cat')
  expect(nextIdea([], [])).toBeNull()
})
