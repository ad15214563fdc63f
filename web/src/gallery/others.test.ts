import { expect, it } from 'vitest'
import { countryName } from './others'

it('names a country in the language of the page', () => {
  expect(countryName('DE', 'en')).toBe('Germany')
  expect(countryName('DE', 'fr')).toBe('Allemagne')
})
it('leaves unnamed what is no country', () => {
  for (const code of [null, '', 'XQ', 'nonsense', 'de']) expect(countryName(code, 'en')).toBe('')
})
