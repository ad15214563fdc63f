import { describe, expect, it } from 'vitest'
import { MESSAGES, preferredLanguage } from './language'

describe('preferredLanguage', () => {
  it('takes the choice before the browser', () => expect(preferredLanguage('fr', ['en-US'])).toBe('fr'))
  it('takes the first language that it knows', () => expect(preferredLanguage(null, ['de-DE', 'fr-CA', 'en'])).toBe('fr'))
  it('speaks English otherwise', () => expect(preferredLanguage('xx', ['de'])).toBe('en'))
})

it('leaves no text empty in any language', () => {
  for (const messages of Object.values(MESSAGES)) {
    for (const message of Object.values(messages)) {
      expect(typeof message === 'function' ? message('x') : message).toMatch(/\S/)
    }
  }
})
