import { describe, expect, it } from 'vitest'
import { LANGUAGES } from '../i18n/language'
import { faultWords } from './faultWords'

const said = (code: string, fault: Parameters<typeof faultWords>[0]): string => faultWords(fault, LANGUAGES.get(code)!.messages.exchange, String)

describe('faultWords', () => {
  it('names the place from 1, what was expected and what was found', () => {
    const fault = { kind: 'line', line: 1, stroke: 0, expected: 'equal', found: '3, 4' } as const
    expect(said('en', fault)).toBe('Line 2, stroke 1: I expected as many x as y and as times, and found “3, 4”.')
    expect(said('fr', fault)).toBe('Ligne 2, trait 1\u00a0: j’attendais autant de x que de y et que de temps, et j’ai trouvé «\u00a03, 4\u00a0».')
  })

  it('finds words for what is empty', () => expect(said('en', { kind: 'unknown', found: '' })).toMatch(/found nothing/))
})
