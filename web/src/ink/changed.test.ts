import { expect, it } from 'vitest'
import { changed, endOf, goesOn } from './changed'
import { writeInk } from './inkPath'
import type { Box } from './box'
import type { Inks, Picture } from './paint'
import { PEN, type Inked } from './sketch'

const stroke = (x: number, y: number): Inked => ({ x: [x, x + 10], y: [y, y], t: [0, 1], pen: PEN })
const [first, second, third] = [stroke(0, 0), stroke(100, 0), stroke(100, 50)]
const look = { faint: new Set<Inked>(), view: { scale: 1, x: 200, y: 200 }, ratio: 2, inks: {} as Inks }
const picture = (...strokes: Inked[]): Picture => ({ ...look, strokes })

it('is where strokes came or went, with room for their width', () => {
  for (const [after, before] of [[picture(first, second), picture(first)], [picture(first), picture(first, second)]] as const) {
    const box = changed(after, before)!
    expect(box.x).toBeLessThanOrEqual(2 * (200 + 100 - PEN.width))
    expect(box.x + box.width).toBeGreaterThanOrEqual(2 * (200 + 110 + PEN.width))
    expect(box.x).toBeGreaterThan(2 * 210) // what did not change is left alone
    for (const pixel of Object.values(box)) expect(Number.isInteger(pixel)).toBe(true)
  }
})

it('is nothing where nothing changed', () => expect(changed(picture(first, second), picture(first, second))).toBeNull())

it('takes a picture as going on only if all that was there still is, and looks the same', () => {
  expect(goesOn(picture(first, second), picture(first))).toBe(true)
  expect(goesOn(picture(first, third), picture(first, second))).toBe(false)
  expect(goesOn({ ...picture(first, second), faint: new Set([first]) }, picture(first))).toBe(false)
  expect(goesOn({ ...picture(first), view: { scale: 1, x: 0, y: 0 } }, picture(first))).toBe(false)
})

it('is the end of a stroke that goes on: farther back its ink stays as it is', () => {
  for (let seed = 1; seed <= 100; seed++) {
    const stroke = wavy(seed, 90)
    for (const known of [1, 2, 5, 11, 12, 20, 60, 89]) {
      const box = endOf(stroke, known)
      const corners = (of: Inked): string[] => cornersOf(of).filter(([x, y]) => !isWithin(x, y, box, PEN.width)).map(String)
      expect(corners(firstOf(stroke, known)), `seed ${seed}, ${known} points`).toEqual(corners(stroke))
    }
  }
})

/** A stroke of a hand that turns and changes its pace. */
function wavy(seed: number, count: number): Inked {
  const x = Array.from({ length: count }, (_, point) => 3 * point + 40 * Math.sin(point / (3 + (seed % 7))) + ((seed * point) % 5))
  const y = x.map((_, point) => 60 * Math.cos(point / (2 + (seed % 11))) + ((seed * 7 * point) % 3))
  return { x, y, t: x.map((_, point) => 9 * point), pen: PEN }
}

const firstOf = ({ x, y, t, pen }: Inked, count: number): Inked => ({ x: x.slice(0, count), y: y.slice(0, count), t: t.slice(0, count), pen })

function cornersOf(stroke: Inked): [number, number][] {
  const corners: [number, number][] = []
  writeInk({ moveTo: () => undefined, quadraticCurveTo: (x, y) => void corners.push([x, y]), closePath: () => undefined }, stroke)
  return corners
}

function isWithin(x: number, y: number, box: Box, rim: number): boolean {
  return x >= box.x - rim && x <= box.x + box.width + rim && y >= box.y - rim && y <= box.y + box.height + rim
}
