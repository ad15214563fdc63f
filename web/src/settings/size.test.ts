import { expect, it } from 'vitest'
import { size } from './size'

it('counts in thousands, then millions, never down to nothing', () => {
  expect([1, 34_000, 34_001, 2_340_000].map((bytes) => size(bytes, 'en'))).toEqual(['1 kB', '34 kB', '35 kB', '2.3 MB'])
})
it('speaks the language', () => expect(size(1000, 'fr')).toMatch(/^1\sko$/))
