import { describe, expect, it } from 'vitest'
import { pushSigned, pushWhole, Reader } from './varint'

const numbers = [0, 1, 63, 64, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 40 + 1]

describe('varint', () => {
  it('gives back whole and signed numbers of any size', () => {
    const bytes: number[] = []
    numbers.forEach((number) => [pushWhole(bytes, number), pushSigned(bytes, number), pushSigned(bytes, -number - 1)])
    const reader = new Reader(Uint8Array.from(bytes))
    expect(numbers.flatMap(() => [reader.whole(), reader.signed(), reader.signed()])).toEqual(numbers.flatMap((number) => [number, number, -number - 1]))
    expect(reader.done).toBe(true)
  })

  it('takes one byte for what is small', () => {
    const bytes: number[] = []
    for (const small of [127, 0]) pushWhole(bytes, small)
    for (const small of [-64, 63]) pushSigned(bytes, small)
    expect(bytes).toHaveLength(4)
  })

  it('refuses bytes that end too early, and numbers that never do', () => {
    expect(() => new Reader(Uint8Array.of(128)).whole()).toThrow(RangeError)
    expect(() => new Reader(new Uint8Array(20).fill(255)).whole()).toThrow(RangeError)
  })
})
