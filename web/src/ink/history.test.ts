import { expect, it } from 'vitest'
import { grow, redo, START, step, undo } from './history'
import { begin, EMPTY, extend, lastStroke, type Sketch } from './sketch'

const sample = (x: number) => ({ x, y: 0, time: x, pressure: null })
const one: Sketch = begin(EMPTY, sample(1))
const two: Sketch = begin(one, sample(2))

it('takes back and brings back steps in order', () => {
  const done = step(step(START, one), two)
  expect(undo(done).present).toBe(one)
  expect(undo(undo(done)).present).toBe(EMPTY)
  expect(redo(redo(undo(undo(done)))).present).toBe(two)
})

it('takes back a stroke whole, however long it grew', () => {
  const longer = extend(one, lastStroke(one), [sample(5)])
  expect(undo(grow(step(START, one), longer)).present).toBe(EMPTY)
  expect(redo(undo(grow(step(START, one), longer))).present).toBe(longer)
})

it('brings a cleared sheet back', () => expect(undo(step(step(START, two), EMPTY)).present).toBe(two))

it('forgets what was undone once something new is drawn', () => {
  const drawn = step(undo(step(step(START, one), two)), begin(one, sample(9)))
  expect(redo(drawn)).toBe(drawn)
})

it('stays where there is nothing to undo, to redo or to do', () => {
  expect(undo(START)).toBe(START)
  expect(redo(START)).toBe(START)
  expect(step(START, EMPTY).past).toHaveLength(0)
})
