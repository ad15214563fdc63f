import { describe, expect, it } from 'vitest'
import { findWords, type Named } from './findWords'

const WORDS: Named[] = [
  { label: 'teapot', names: ['théière', 'teapot'] },
  { label: 'eye', names: ['œil', 'eye'] },
  { label: 'The Eiffel Tower', names: ['tour Eiffel', 'The Eiffel Tower'] },
  { label: 'school bus', names: ['autobus scolaire', 'school bus'] },
  { label: 'bus', names: ['autobus', 'bus'] },
]
const found = (typed: string): string[] => findWords(WORDS, typed).map(({ label }) => label)

describe('findWords', () => {
  it('finds without accents, ligatures and case', () => {
    expect(found('theiere')).toEqual(['teapot'])
    expect(found('OEI')).toEqual(['eye'])
  })
  it('finds in every language', () => expect(found('eiffel tower')).toEqual(found('tour eiffel')))
  it('puts what begins with the letters first, then what has a word that does', () => {
    expect(found('autobus')).toEqual(['school bus', 'bus'])
    expect(found('e')).toEqual(['The Eiffel Tower', 'eye', 'teapot', 'school bus'])
  })
  it('puts the page’s own language before another', () => {
    expect(found('t')).toEqual(['teapot', 'The Eiffel Tower', 'school bus', 'bus'])
    expect(found('bus')).toEqual(['bus', 'school bus'])
  })
  it('shows all in their order where nothing is typed', () => expect(found(' ')).toEqual(WORDS.map(({ label }) => label)))
  it('finds nothing where there is nothing', () => expect(found('xyz')).toEqual([]))
})
