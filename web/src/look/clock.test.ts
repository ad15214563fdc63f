import { expect, it } from 'vitest'
import { clockOf } from './clock'

const stroke = (...t: number[]) => ({ x: t.map(() => 0), y: t.map(() => 0), t })

it('keeps the true time, but cuts a pause to a second', () => {
  const clock = clockOf([stroke(0, 100, 200), stroke(5200, 5300)])
  expect(clock.duration).toBe(1300)
  expect(clock.toReplayed(150)).toBe(150)
  expect(clock.toReplayed(5250)).toBe(1250)
  expect(clock.toDrawn(1250)).toBe(5250)
  expect(clock.toDrawn(700)).toBe(2700) // half of the pause
})

it('begins with the first point and ends with the last, whatever it is asked', () => {
  const clock = clockOf([stroke(30, 50)])
  expect([clock.toDrawn(-5), clock.toDrawn(99)]).toEqual([30, 50])
  expect([clock.toReplayed(0), clock.toReplayed(99)]).toEqual([0, 20])
})

it('stands still for a dot, for strokes without time and for none', () => {
  expect(clockOf([stroke(0)]).duration).toBe(0)
  expect(clockOf([stroke(0, 0, 0)]).toDrawn(0)).toBe(0)
  expect(clockOf([]).toReplayed(1)).toBe(0)
})
