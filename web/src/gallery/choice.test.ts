import { expect, it } from 'vitest'
import type { Kept } from '../keep/kept'
import { ANY, chosen, wordsOf } from './choice'

const kept = (id: string, word: string | null, verdict: Kept['verdict']): Kept => ({
  ...{ id, word, verdict, when: 0, from: 'draw', strokes: [], guesses: [], model: '', consented: false },
})
const DRAWINGS = [kept('a', 'cat', 'right'), kept('b', null, null), kept('c', 'dog', 'named'), kept('d', 'cat', 'named'), kept('e', null, 'wrong')]
const ids = (drawings: Kept[]): string => drawings.map(({ id }) => id).join('')

it('shows everything where nothing is chosen', () => expect(ids(chosen(DRAWINGS, ANY))).toBe('abcde'))
it('chooses by word, and by having none', () => {
  expect(ids(chosen(DRAWINGS, { ...ANY, word: 'cat' }))).toBe('ad')
  expect(ids(chosen(DRAWINGS, { ...ANY, word: '' }))).toBe('be')
})
it('chooses by verdict, and by having none', () => {
  expect(ids(chosen(DRAWINGS, { ...ANY, verdict: 'named' }))).toBe('cd')
  expect(ids(chosen(DRAWINGS, { word: '', verdict: 'none' }))).toBe('b')
})
it('names each word once', () => expect(wordsOf(DRAWINGS)).toEqual(['cat', '', 'dog']))
