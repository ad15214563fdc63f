import { expect, it } from 'vitest'
import { probabilityOf, rivals, storyOf, type Thought } from './story'

const thought = (moment: number, ...labels: string[]): Thought => ({
  moment,
  guesses: labels.map((label, rank) => ({ label, probability: 0.6 / (rank + 1) })),
})

it('tells what it thought before, since when it stayed, and when the word first came', () => {
  const thoughts = [thought(1, 'circle'), thought(2, 'house'), thought(3, 'barn'), thought(4, 'house'), thought(5, 'house')]
  expect(storyOf(thoughts)).toEqual({ word: 'house', since: 4, named: 2, before: 'barn' })
})

it('knows of a word that was there from the start, and of no story at all', () => {
  expect(storyOf([thought(1, 'star'), thought(2, 'star')])).toEqual({ word: 'star', since: 1, named: 1, before: null })
  expect(storyOf([])).toBeNull()
})

it('draws lines for the last two and for those that were strong once', () => {
  const thoughts = [thought(1, 'circle', 'moon'), thought(2, 'house', 'barn', 'tent')]
  expect(rivals(thoughts, 3)).toEqual(['house', 'barn', 'circle'])
})

it('takes a word that is not told for as likely as the last one that is', () => {
  expect(probabilityOf(thought(0, 'cat', 'dog').guesses, 'cow')).toBe(0.3)
})
