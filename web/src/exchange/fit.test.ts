import { describe, expect, it } from 'vitest'
import { boxOf } from '../ink/box'
import type { Inked } from '../ink/sketch'
import { fitted } from './fit'

const paper = { width: 400, height: 800 }
const line = (width: number, height: number, pen = 7): Inked[] => [{ x: [1000, 1000 + width], y: [1000, 1000 + height], t: [0, 1], pen: { colour: 'ink', width: pen } }]

describe('fitted', () => {
  it('puts a drawing that fits into the middle, as large as it is', () => {
    expect(boxOf(fitted(line(200, 100), paper))).toEqual({ x: -100, y: -50, width: 200, height: 100 })
  })

  it.each([
    ['too wide', line(1000, 10)],
    ['too high', line(10, 1000)],
    ['tiny', line(5, 1)],
  ])('gives one that is %s 70 %% of the shorter side', (_, strokes) => {
    const { x, y, width, height } = boxOf(fitted(strokes, paper))
    expect(Math.max(width, height)).toBeCloseTo(280)
    expect([x + width / 2, y + height / 2].map(Math.round)).toEqual([0, 0].map((zero) => expect.closeTo(zero)))
  })

  it('scales a line’s width with the drawing, to one that the pen has', () => {
    expect(fitted(line(1000, 10, 14), paper)[0].pen.width).toBe(4)
    expect(fitted(line(200, 10, 14), paper)[0].pen.width).toBe(14)
  })

  it('leaves a dot a dot', () => expect(fitted(line(0, 0), paper)[0]).toMatchObject({ x: [0, 0], y: [0, 0] }))
})
