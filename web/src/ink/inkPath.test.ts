import { describe, expect, it } from 'vitest'
import { writeInk } from './inkPath'
import { PEN, WIDTHS, type Inked } from './sketch'

/** A generator of numbers from 0 to 1 (mulberry32): the same for the same seed. */
function seeded(seed: number): () => number {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** A hand that wanders, rests on a place now and then, and may press. */
function wandering(seed: number): Inked {
  const random = seeded(seed)
  const count = 1 + Math.floor(random() ** 3 * 300)
  const [x, y, t] = [[0], [0], [0]]
  for (let point = 1; point < count; point++) {
    const way = random() < 0.2 ? 0 : 30 * random()
    const turn = 2 * Math.PI * random()
    x.push(x[point - 1] + way * Math.cos(turn))
    y.push(y[point - 1] + way * Math.sin(turn))
    t.push(t[point - 1] + Math.floor(17 * random()))
  }
  const pressure = random() < 0.5 ? { pressure: x.map(() => random()) } : {}
  return { x, y, t, pen: { ...PEN, width: WIDTHS[seed % WIDTHS.length] }, ...pressure }
}

/** What is written of a stroke's outline: the name of every call, and all its coordinates, x and y in turn. */
function written(stroke: Inked): { calls: string; coordinates: number[] } {
  const [calls, coordinates]: [string[], number[]] = [[], []]
  const note = (call: string) => (...numbers: number[]) => void (calls.push(call), coordinates.push(...numbers))
  writeInk({ moveTo: note('M'), quadraticCurveTo: note('Q'), closePath: note('Z') }, stroke)
  return { calls: calls.join(''), coordinates }
}

const spans = (values: readonly number[]): number => Math.max(...values) - Math.min(...values)
/** Width and height of a stroke's ink. */
function size(stroke: Inked): number[] {
  const { coordinates } = written(stroke)
  return [0, 1].map((axis) => spans(coordinates.filter((_, index) => index % 2 === axis)))
}

describe('writeInk', () => {
  it('is a closed, finite outline near its points, and the same each time, for any stroke', () => {
    for (let seed = 1; seed <= 200; seed++) {
      const stroke = wandering(seed)
      const outline = written(stroke)
      expect(outline.calls, `seed ${seed}`).toMatch(/^MQ+Z$/)
      expect(outline.coordinates.every(Number.isFinite), `seed ${seed}`).toBe(true)
      expect(written(stroke)).toEqual(outline)
      const [width, height] = size(stroke)
      expect(width).toBeLessThanOrEqual(spans(stroke.x) + 2 * stroke.pen.width)
      expect(height).toBeLessThanOrEqual(spans(stroke.y) + 2 * stroke.pen.width)
    }
  })

  it('shows a dot, however thin the pen, and however long it rested', () => {
    for (const width of WIDTHS) {
      for (const count of [1, 2, 50]) {
        const still = Array<number>(count).fill(7)
        const dot = { x: still, y: still, t: still.map((_, point) => 10 * point), pen: { ...PEN, width } }
        for (const side of size(dot)) expect(side).toBeGreaterThan(width / 4)
      }
    }
  })

  it('is wider where the pen was pressed harder, and as wide as the pen at most', () => {
    const line = { x: [0, 20, 40, 60, 80], y: [0, 0, 0, 0, 0], t: [0, 20, 40, 60, 80], pen: PEN }
    const height = (pressure: number): number => size({ ...line, pressure: line.x.map(() => pressure) })[1]
    expect(height(0.1)).toBeLessThan(height(0.5))
    expect(height(1)).toBeCloseTo(PEN.width, 0)
  })

  it('is wider where the pen was slow, when nothing measures pressure', () => {
    const line = (step: number): Inked => {
      const x = Array.from({ length: Math.ceil(200 / step) }, (_, point) => point * step)
      return { x, y: x.map(() => 0), t: x.map((_, point) => 10 * point), pen: PEN }
    }
    expect(size(line(1))[1]).toBeGreaterThan(size(line(20))[1])
  })
})
