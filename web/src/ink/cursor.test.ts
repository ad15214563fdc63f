import { expect, it } from 'vitest'
import { moved, stepOf } from './cursor'

const keys = (...held: string[]): Set<string> => new Set(held)
const length = ({ x, y }: { x: number; y: number }): number => Math.hypot(x, y)

it('goes where the arrow points, farther with Shift', () => {
  expect(stepOf(keys('ArrowUp'), 0, false)).toEqual({ x: 0, y: -6 })
  expect(stepOf(keys('ArrowUp'), 0, true)).toEqual({ x: 0, y: -30 })
})

it('gathers pace while a key is held, up to a bound', () => {
  const paces = [0, 5, 10, 40, 400].map((repeats) => stepOf(keys('ArrowLeft'), repeats, false).x)
  expect(paces).toEqual([...paces].sort((a, b) => b - a))
  expect(paces[4]).toBe(paces[3])
})

it('goes aslant with two keys, no faster, and nowhere with two that oppose', () => {
  const aslant = stepOf(keys('ArrowDown', 'ArrowRight'), 0, false)
  expect(aslant.x).toBe(aslant.y)
  expect(length(aslant)).toBeCloseTo(6)
  expect(length(stepOf(keys('ArrowLeft', 'ArrowRight'), 0, false))).toBe(0)
})

it('stays on the paper', () => {
  expect(moved({ x: 2, y: 198 }, { x: -30, y: 30 }, { width: 300, height: 200 })).toEqual({ x: 0, y: 200 })
})
