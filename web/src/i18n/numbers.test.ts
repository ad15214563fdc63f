import { expect, it } from 'vitest'
import { percent, seconds } from './numbers'

it('claims neither 0 % nor 100 % of what is neither', () => {
  expect([0, 0.002, 0.42, 0.998, 1].map((share) => percent(share, 'en'))).toEqual(['0%', '<\u00a01%', '42%', '>\u00a099%', '100%'])
})

it('writes as the language does', () => {
  expect(percent(0.5, 'fr').replace(/\s/g, ' ')).toBe('50 %')
  expect(seconds(3240, 'fr')).toBe('3,2\u00a0s')
})
