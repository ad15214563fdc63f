import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Stroke } from '../ink/sketch'
import { canonical, StrokesError } from './canonical'

type Golden = { strokes: number[][][]; drawing: number[][] }
const golden = JSON.parse(readFileSync(new URL('../../../tests/golden/canonical.json', import.meta.url), 'utf8')) as Golden[]

const asStrokes = (strokes: number[][][]): Stroke[] => strokes.map(([x, y, t]) => ({ x, y, t: t ?? x.map(() => 0) }))
const rows = (drawing: Uint8Array): number[][] =>
  Array.from({ length: drawing.length / 3 }, (_, row) => [...drawing.subarray(3 * row, 3 * row + 3)])

describe('canonical', () => {
  it('has golden drawings to stand beside', () => expect(golden.length).toBeGreaterThan(10))

  it.each(golden.map((pair, index) => [index, pair] as const))('gives exactly the rows of Python, golden drawing %i', (_, { strokes, drawing }) => {
    expect(rows(canonical(asStrokes(strokes)))).toEqual(drawing)
  })

  it('names the stroke and the point of a number that is none', () => {
    expect(() => canonical(asStrokes([[[0, 1], [0, 1]], [[0, NaN], [0, 1]]]))).toThrow(/stroke 1, point 1/)
  })

  it('refuses what holds no point', () => {
    expect(() => canonical([])).toThrow(StrokesError)
    expect(() => canonical(asStrokes([[[], []]]))).toThrow(/stroke 0/)
  })

  it.each([[0, 1e-306], [0, 5e-324], [-1e308, 1e308]])('refuses an extent that cannot be scaled to the box: %d to %d', (from, to) => {
    expect(() => canonical(asStrokes([[[from, to], [0, 0]]]))).toThrow('expected a drawing of finite extent')
  })

  it('keeps every value in the box, whatever the unit of 200 random drawings', () => {
    let seed = 7
    const random = (): number => (seed = (seed * 48271) % 2147483647) / 2147483647
    for (let drawing = 0; drawing < 200; drawing++) {
      const unit = 10 ** (random() * 8 - 4)
      const strokes = Array.from({ length: 1 + Math.floor(random() * 5) }, () => {
        const count = 1 + Math.floor(random() * 40)
        const column = (): number[] => Array.from({ length: count }, () => (random() - 0.5) * unit)
        return [column(), column()]
      })
      const result = rows(canonical(asStrokes(strokes)))
      expect(Math.min(...result.flatMap(([x, y]) => [x, y]))).toBe(0)
      expect(result.filter(([, , pen]) => pen === 0)).toHaveLength(strokes.length)
    }
  })
})
