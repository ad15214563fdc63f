import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { Unreadable } from './fault'
import { textOf } from './textOf'

describe('textOf', () => {
  it('reads plain and packed files alike', async () => {
    expect(await textOf(new Blob(['été\n']))).toBe('été\n')
    expect(await textOf(new Blob([gzipSync('été\n')]))).toBe('été\n')
    expect(await textOf(new Blob([]))).toBe('')
  })

  it('keeps the first whole lines of a file that is too large', async () => {
    const line = `${'x'.repeat(999_999)}\n`
    const kept = await textOf(new Blob(Array<string>(12).fill(line)))
    expect([8, 9]).toContain(kept.length / line.length)
    expect(kept.endsWith('x\n')).toBe(true)
  })

  it('refuses a damaged packed file', async () => {
    await expect(textOf(new Blob([gzipSync('some text').subarray(0, 15)]))).rejects.toThrow(Unreadable)
  })
})
