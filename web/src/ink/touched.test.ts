import { describe, expect, it } from 'vitest'
import { PEN, type Inked } from './sketch'
import { touched } from './touched'

const stroke = (...points: [number, number][]): Inked => ({
  x: points.map(([x]) => x),
  y: points.map(([, y]) => y),
  t: points.map((_, point) => point),
  pen: { ...PEN, width: 4 },
})
const line = stroke([0, 0], [100, 0])
const corner = stroke([0, 50], [50, 50], [50, 100])
const dot = stroke([200, 200])
const all = [line, corner, dot]

describe('touched', () => {
  it('finds what a fast eraser jumps over between two samples', () => {
    expect(touched(all, { x: 20, y: -300 }, { x: 20, y: 300 }, 1)).toEqual([line, corner])
  })
  it('reaches as far as its rim and the edge of the ink, no farther', () => {
    const at = (y: number): Inked[] => touched([line], { x: 50, y }, { x: 50, y }, 10)
    expect(at(11.9)).toEqual([line])
    expect(at(12.1)).toEqual([])
  })
  it('rubs out a dot', () => {
    expect(touched(all, { x: 195, y: 196 }, { x: 195, y: 196 }, 6)).toEqual([dot])
    expect(touched(all, { x: 150, y: 200 }, { x: 250, y: 200 }, 1)).toEqual([dot])
  })
  it('leaves what lies beside or beyond its way', () => {
    expect(touched(all, { x: 60, y: 20 }, { x: 60, y: 45 }, 5)).toEqual([])
    expect(touched([line], { x: 120, y: 0 }, { x: 160, y: 0 }, 5)).toEqual([])
  })
  it('touches nothing on an empty sheet', () => expect(touched([], { x: 0, y: 0 }, { x: 9, y: 9 }, 10)).toEqual([]))
})
