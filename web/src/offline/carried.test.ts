import { beforeEach, expect, it, vi } from 'vitest'
import { EMPTY, PEN, type Sketch } from '../ink/sketch'
import { carry, takeCarried } from './carried'

const SKETCH: Sketch = { began: 5000, strokes: [{ x: [1, 2], y: [3, 4], t: [0, 80], pen: PEN }] }

beforeEach(() => {
  const kept = new Map<string, string>()
  vi.stubGlobal('sessionStorage', {
    getItem: (name: string) => kept.get(name) ?? null,
    setItem: (name: string, value: string) => kept.set(name, value),
    removeItem: (name: string) => kept.delete(name),
  })
})

it('carries the strokes over, once, and lets time go on from the last point', () => {
  carry(SKETCH)
  expect(takeCarried(1000)).toEqual({ strokes: SKETCH.strokes, began: 920 })
  expect(takeCarried(1000)).toBe(EMPTY)
})

it('does without storage', () => {
  vi.stubGlobal('sessionStorage', undefined)
  carry(SKETCH)
  expect(takeCarried(0)).toBe(EMPTY)
})
