import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer } from 'vite'
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

const ESPERANTO = `
import en from './en'
import { wordsOf } from '../words'
export default { ...en, code: 'eo', name: 'Esperanto', words: wordsOf({ '': 'house: domo' }) }
`

it('learns a language from one more file, and nothing else', async () => {
  const root = await mkdtemp(join(tmpdir(), 'i18n-'))
  await cp(import.meta.dirname, root, { recursive: true })
  await writeFile(join(root, 'languages/eo.ts'), ESPERANTO)
  const server = await createServer({ root, configFile: false, logLevel: 'error', server: { middlewareMode: true, ws: false } })
  try {
    const there = (await server.ssrLoadModule('/language.ts')) as typeof import('./language')
    expect([...there.LANGUAGES.keys()]).toEqual(['en', 'eo', 'fr'])
    expect(there.LANGUAGES.get('eo')?.words).toEqual({ house: ['', 'domo'] })
    expect(there.preferredLanguage('', ['eo', 'fr'])).toBe('eo')
  } finally {
    await server.close()
    await rm(root, { recursive: true })
  }
})
