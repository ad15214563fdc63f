import { describe, expect, it } from 'vitest'
import { LANGUAGES, preferredLanguage } from './language'

describe('preferredLanguage', () => {
  it('takes the choice before the browser', () => expect(preferredLanguage('fr', ['en-US'])).toBe('fr'))
  it('takes the first language that it knows', () => expect(preferredLanguage('', ['de-DE', 'fr-CA', 'en'])).toBe('fr'))
  it('speaks English otherwise', () => expect(preferredLanguage('xx', ['de'])).toBe('en'))
})

/** Every text under a section of messages, by its place; a message with gaps is filled with `x`. */
function texts(section: object, place: string): [string, string][] {
  return Object.entries(section).flatMap(([key, message]: [string, unknown]): [string, string][] => {
    const here = `${place}.${key}`
    if (typeof message === 'object' && message !== null) return texts(message, here)
    return [[here, String(typeof message === 'function' ? message('x', 'x', 'x') : message)]]
  })
}

it('leaves no text empty, and has the same texts in every language', () => {
  const places = texts(LANGUAGES.get('en')!.messages, '').map(([place]) => place)
  for (const { messages } of LANGUAGES.values()) {
    const said = texts(messages, '')
    expect(said.map(([place]) => place)).toEqual(places)
    for (const [place, text] of said) expect(text, place).toMatch(/\S/)
  }
})
