import { expect, it } from 'vitest'
import { accuracyOf } from './accuracy'

it('reads the share of finished drawings guessed at once', () => {
  const metrics = { protocol: '…', 'natural mix': { '50%': { top1: 0.3, n: 3308 }, '100%': { top1: 0.73, top3: 0.88, n: 3308 } } }
  expect(accuracyOf(metrics)).toEqual({ top1: 0.73, drawings: 3308 })
})
it('says nothing where the model file does not', () => {
  for (const metrics of [{}, { 'natural mix': {} }, { natural: { top1: 0.5, n: 10 } }, { 'natural mix': { '100%': { n: 3 } } }]) {
    expect(accuracyOf(metrics)).toBeNull()
  }
})
