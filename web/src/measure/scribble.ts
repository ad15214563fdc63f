/** Drawings that nobody drew, always the same ones: for measuring. Units as in ink/sketch.ts. */
import type { Sample } from '../ink/sketch'

const INTERVAL = 1000 / 60 // ms between samples, as a mouse or a finger gives them
const REACH = 120 // sketch units from the middle

/** The strokes of the drawing of that number: rounded, a little shaky, 3 to 6 of 12 to 40 samples; `time` in ms from its beginning. */
export function scribble(number: number): Sample[][] {
  const random = seeded(number)
  const between = (low: number, high: number): number => low + random() * (high - low)
  let time = 0
  return Array.from({ length: Math.round(between(3, 6)) }, () => {
    const [x, y, wide, high] = [between(-0.5, 0.5), between(-0.5, 0.5), between(0.1, 0.5), between(0.1, 0.5)]
    const [from, turn] = [between(0, 2 * Math.PI), between(1, 7)]
    const count = Math.round(between(12, 40))
    time += 200
    return Array.from({ length: count }, (_, sample) => {
      const angle = from + (turn * sample) / count
      time += INTERVAL
      return { x: REACH * (x + wide * Math.cos(angle)) + between(-1, 1), y: REACH * (y + high * Math.sin(angle)) + between(-1, 1), time, pressure: null }
    })
  })
}

/** Numbers from 0 to below 1, the same for the same seed (mulberry32). */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
