import { describe, expect, it } from 'vitest'
import { begin, countPoints, EMPTY, extend, MAX_POINTS, undo } from './sketch'

const at = (time: number, x = 0, y = 0): { x: number; y: number; time: number } => ({ x, y, time })

describe('a sketch', () => {
  it('counts time from its first point, over all strokes', () => {
    const sketch = begin(extend(begin(EMPTY, at(1000)), [at(1010), at(1020)]), at(1500))
    expect(sketch.strokes.map(({ t }) => t)).toEqual([[0, 10, 20], [500]])
  })

  it('never goes back in time, within a stroke or between strokes', () => {
    const sketch = begin(extend(begin(EMPTY, at(1000)), [at(1030), at(1020)]), at(1010))
    expect(sketch.strokes.map(({ t }) => t)).toEqual([[0, 30, 30], [30]])
  })

  it('keeps a dot', () => expect(begin(EMPTY, at(5, 3, 4)).strokes).toEqual([{ x: [3], y: [4], t: [0] }]))

  it('forgets one stroke at a time, and its clock with the last', () => {
    const one = begin(EMPTY, at(1000))
    expect(undo(begin(one, at(1200)))).toEqual(one)
    expect(undo(one)).toBe(EMPTY)
    expect(undo(EMPTY)).toBe(EMPTY)
  })

  it('leaves the sketch before as it was', () => {
    const one = begin(EMPTY, at(0))
    extend(one, [at(1)])
    expect(countPoints(one)).toBe(1)
  })

  it('takes no more points than the server does', () => {
    const many = Array.from({ length: MAX_POINTS + 10 }, (_, time) => at(time))
    const full = extend(begin(EMPTY, at(0)), many)
    expect(countPoints(full)).toBe(MAX_POINTS)
    expect(extend(full, [at(1e6)])).toBe(full)
  })
})
