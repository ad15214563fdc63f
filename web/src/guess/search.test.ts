import { expect, it } from 'vitest'
import { isFound, plain } from './search'

it('knows a word without its accents and capitals', () => {
  expect(plain(' Bœuf, Écran, Noël, l’œil ')).toBe("boeuf, ecran, noel, l'oeil")
})

it('finds a thing by either of its names, or a part of one', () => {
  const names = ['the eiffel tower', 'tour eiffel']
  for (const typed of ['Eiffel', 'TOUR', 'tower', '', '  ']) expect(isFound(names, typed)).toBe(true)
  expect(isFound(names, 'house')).toBe(false)
})
