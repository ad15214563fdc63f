import { describe, expect, it } from 'vitest'
import { boxOf } from '../ink/box'
import { PEN, type Inked } from '../ink/sketch'
import { canonical } from '../recognise/canonical'
import { Unreadable } from './fault'
import { drawings } from './golden.fixture'
import { linkStrokes, linkText } from './link'

const dot: Inked[] = [{ x: [3.7], y: [-9.2], t: [0], pen: PEN }]
const shifted = (strokes: readonly Inked[], way: number): Inked[] => strokes.map((stroke) => ({ ...stroke, x: stroke.x.map((x) => x + way) }))
const median = (values: number[]): number => values.sort((a, b) => a - b)[Math.floor(values.length / 2)]

describe('a link', () => {
  it.each([...drawings])('brings %s back as the recogniser sees it, with its times, colours and widths', async (_, strokes) => {
    const back = await linkStrokes(await linkText(strokes))
    expect(canonical(back)).toEqual(canonical(strokes))
    expect(back.map(({ pen }) => pen)).toEqual(strokes.map(({ pen }) => pen))
    const late = back.flatMap(({ t }, index) => t.map((time, point) => Math.abs(time - strokes[index].t[point])))
    expect(Math.max(...late)).toBeLessThanOrEqual(2)
  })

  it('brings whole pixels, wherever the paper lies between them, back exactly', async () => {
    const house = shifted(drawings.get('house')!, 0.3125)
    expect(canonical(await linkStrokes(await linkText(house)))).toEqual(canonical(house))
  })

  it('is about as fine for a tiny drawing as for a large one', async () => {
    for (const scale of [0.01, 1 / 3, 7.7]) {
      const fish = drawings.get('fish')!.map((stroke) => ({ ...stroke, x: stroke.x.map((x) => x * scale), y: stroke.y.map((y) => y * scale) }))
      const [before, after] = [boxOf(fish), boxOf(await linkStrokes(await linkText(fish)))]
      expect(Math.abs(after.width - before.width)).toBeLessThan(before.width / 2000)
    }
  })

  it('carries a dot', async () => expect(await linkStrokes(await linkText(dot))).toEqual([{ ...dot[0], x: [4], y: [-9] }]))

  it('is short, and of signs that every messenger leaves alone', async () => {
    const texts = await Promise.all([...drawings.values()].map(linkText))
    expect(median(texts.map(({ length }) => length))).toBeLessThan(1000)
    expect(texts.every((text) => /^[\w-]+$/.test(text))).toBe(true)
  })

  it('is refused whole where a sign of it was lost, changed or added', async () => {
    const text = await linkText(drawings.get('star')!)
    const broken = [text.slice(0, -1), text.slice(0, text.length / 2), `${text}A`, '1', '1AAAA', '1%', '']
    for (let at = 1; at < text.length; at += 7) {
      broken.push(text.slice(0, at) + text.slice(at + 1))
      broken.push(text.slice(0, at) + (text[at] === 'x' ? 'y' : 'x') + text.slice(at + 1))
    }
    for (const piece of broken) {
      const back = await linkStrokes(piece).catch((error: unknown) => error)
      // The last sign of base64 has bits to spare: a change there alone may change nothing.
      if (!(back instanceof Unreadable)) expect(back).toEqual(await linkStrokes(text))
      else expect(back.fault).toEqual({ kind: 'link' })
    }
  })

  it('of another version says which', async () => {
    await expect(linkStrokes('2abc')).rejects.toMatchObject({ fault: { kind: 'version', found: '2' } })
  })
})
