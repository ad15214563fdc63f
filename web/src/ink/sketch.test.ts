import { describe, expect, it } from 'vitest'
import { begin, countPoints, EMPTY, extend, lastStroke, MAX_POINTS, PEN, without, type Sample, type Sketch } from './sketch'

const at = (time: number, x = 0, y = 0): Sample => ({ x, y, time, pressure: null })
const goOn = (sketch: Sketch, samples: Sample[]): Sketch => extend(sketch, lastStroke(sketch), samples)

describe('a sketch', () => {
  it('counts time from its first point, over all strokes', () => {
    const sketch = begin(goOn(begin(EMPTY, at(1000)), [at(1010), at(1020)]), at(1500))
    expect(sketch.strokes.map(({ t }) => t)).toEqual([[0, 10, 20], [500]])
  })

  it('never goes back in time, within a stroke or between strokes', () => {
    const sketch = begin(goOn(begin(EMPTY, at(1000)), [at(1030), at(1020)]), at(1010))
    expect(sketch.strokes.map(({ t }) => t)).toEqual([[0, 30, 30], [30]])
  })

  it('keeps a dot', () => expect(begin(EMPTY, at(5, 3, 4)).strokes).toEqual([{ x: [3], y: [4], t: [0], pen: PEN }]))

  it('loses the strokes that are rubbed out, and its clock with the last', () => {
    const one = begin(EMPTY, at(1000))
    const two = begin(one, at(1200))
    expect(without(two, new Set([two.strokes[1]]))).toEqual(one)
    expect(without(one, new Set(one.strokes))).toBe(EMPTY)
    expect(without(one, new Set([two.strokes[1]]))).toBe(one)
  })

  it('keeps how hard the pen was pressed, where that is measured', () => {
    const pressed = (time: number, pressure: number): Sample => ({ x: 0, y: 0, time, pressure })
    expect(goOn(begin(EMPTY, pressed(0, 0.2)), [pressed(1, 0.9)]).strokes[0].pressure).toEqual([0.2, 0.9])
  })

  it('leaves the sketch before as it was', () => {
    const one = begin(EMPTY, at(0))
    goOn(one, [at(1)])
    expect(countPoints(one)).toBe(1)
  })

  it('takes no more points than the server does', () => {
    const many = Array.from({ length: MAX_POINTS + 10 }, (_, time) => at(time))
    const full = goOn(begin(EMPTY, at(0)), many)
    expect(countPoints(full)).toBe(MAX_POINTS)
    expect(goOn(full, [at(1e6)])).toBe(full)
  })

  it('begins no stroke on a full paper, however often it is tapped', () => {
    const full = goOn(begin(EMPTY, at(0)), Array.from({ length: MAX_POINTS }, (_, time) => at(time)))
    expect(begin(full, at(1e6))).toBe(full)
  })

  it('lets a stroke go on only as long as it is there', () => {
    const one = begin(EMPTY, at(0))
    const two = begin(one, at(10))
    const held = lastStroke(two)
    expect(extend(two, held, [at(20)]).strokes[1].t).toEqual([10, 20])
    expect(extend(one, held, [at(20)])).toBe(one)
    expect(extend(EMPTY, held, [at(20)])).toBe(EMPTY)
  })

  it('does not go on with a stroke like the one that was taken back', () => {
    const one = begin(EMPTY, at(0))
    const again = begin(EMPTY, at(0))
    expect(extend(again, lastStroke(one), [at(5)])).toBe(again)
  })
})
