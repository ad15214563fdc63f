import { describe, expect, it } from 'vitest'
import type { Stroke } from './sketch'
import { strokeOutline } from './strokeOutline'

type Shape = { corners: [number, number][] }

/** A pen that keeps the polygons it was told to draw, circles as 8 corners in the direction of arc(). */
function keeper(): { pen: Parameters<typeof strokeOutline>[0]; shapes: Shape[] } {
  const shapes: Shape[] = []
  return {
    shapes,
    pen: {
      moveTo: (x, y) => void shapes.push({ corners: [[x, y]] }),
      lineTo: (x, y) => void shapes[shapes.length - 1].corners.push([x, y]),
      closePath: () => {},
      arc: (x, y, radius) => {
        const turns = Array.from({ length: 8 }, (_, eighth) => (eighth * Math.PI) / 4)
        shapes[shapes.length - 1].corners = turns.map((turn) => [x + radius * Math.cos(turn), y + radius * Math.sin(turn)])
      },
    },
  }
}

const area = ({ corners }: Shape): number =>
  corners.reduce((sum, [x, y], index) => {
    const [nextX, nextY] = corners[(index + 1) % corners.length]
    return sum + (x * nextY - nextX * y) / 2
  }, 0)

function randomStroke(seed: number): Stroke {
  let state = seed + 1
  const random = (): number => (state = (state * 48271) % 2147483647) / 2147483647
  const count = 1 + Math.floor(random() * 30)
  const column = (): number[] => Array.from({ length: count }, () => Math.floor(random() * 40) * 10)
  return { x: column(), y: column(), t: Array.from({ length: count }, (_, point) => 8 * point) }
}

describe('strokeOutline', () => {
  it('winds every piece of 500 random strokes the same way, or overlapping ink would cancel out', () => {
    for (let seed = 0; seed < 500; seed++) {
      const { pen, shapes } = keeper()
      strokeOutline(pen, randomStroke(seed), 0)
      expect(shapes.length).toBeGreaterThan(0)
      expect(Math.min(...shapes.map(area))).toBeGreaterThanOrEqual(0)
    }
  })

  it('gives finite corners for points that coincide', () => {
    const { pen, shapes } = keeper()
    strokeOutline(pen, { x: [5, 5, 5], y: [7, 7, 7], t: [0, 0, 0] }, 0)
    expect(shapes.flatMap(({ corners }) => corners.flat()).every(Number.isFinite)).toBe(true)
  })

  it('makes a dot round and visible', () => {
    const { pen, shapes } = keeper()
    strokeOutline(pen, { x: [5], y: [7], t: [0] }, 0)
    expect(shapes).toHaveLength(1)
    expect(area(shapes[0])).toBeGreaterThan(10)
  })
})
