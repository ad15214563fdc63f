import { describe, expect, it } from 'vitest'
import { itWas, NOTHING_SAID, right } from './said'

const GUESSES = [
  { label: 'cat', probability: 0.6 },
  { label: 'dog', probability: 0.2 },
]

describe('itWas', () => {
  it('is right where the best guess was named', () => expect(itWas('cat', GUESSES)).toEqual({ word: 'cat', verdict: 'right' }))
  it('names the word otherwise, the second guess too', () => expect(itWas('dog', GUESSES)).toEqual({ word: 'dog', verdict: 'named' }))
  it('names the word where nothing was guessed', () => expect(itWas('dog', [])).toEqual({ word: 'dog', verdict: 'named' }))
})

describe('right', () => {
  it('takes the best guess for the word', () => expect(right(GUESSES)).toEqual({ word: 'cat', verdict: 'right' }))
  it('says nothing where nothing was guessed', () => expect(right([])).toEqual(NOTHING_SAID))
})
