import { expect, it } from 'vitest'
import { secondLanguage } from './secondLanguage'

it('is never the language of the page', () => {
  expect(secondLanguage('en', ['en-GB'])).toBe('fr')
  expect(secondLanguage('fr', ['fr-CA', 'de'])).toBe('en')
})
