import { describe, expect, it } from 'vitest'
import { PEN } from '../ink/sketch'
import { drawings } from './golden.fixture'
import { ownPath, svgText } from './svg'

const look = { title: 'Cats & <dogs>', background: '#fff' }
const pathsOf = (text: string) => [...text.matchAll(/<path d="([^"]*)" stroke="(#\w+)" stroke-width="([\d.]+)" data-t="([^"]*)"\/>/g)]

describe('svgText', () => {
  it('frames the drawing with air around it, on white or on nothing', () => {
    const strokes = [{ x: [0, 100], y: [-7.126, 50], t: [0, 9.6], pen: { ...PEN, colour: 'red' as const } }]
    expect(svgText(strokes, look)).toBe(
      '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-20 -27.13 140 97.13" width="140" height="97.13" fill="none" stroke-linecap="round" stroke-linejoin="round">\n' +
        '<title>Cats &amp; &lt;dogs></title>\n' +
        '<rect x="-20" y="-27.13" width="140" height="97.13" fill="#fff" stroke="none"/>\n' +
        '<path d="M0 -7.13L100 50" stroke="#c8321e" stroke-width="7" data-t="0 10"/>\n' +
        '</svg>\n',
    )
    expect(svgText(strokes, { ...look, background: null })).not.toContain('<rect')
  })

  it.each([...drawings])('keeps every point of %s to 1/200 of a unit, and its time to half a ms', (_, strokes) => {
    const back = pathsOf(svgText(strokes, look)).map(([, d, , , times]) => ownPath(d, times))
    expect(back).toHaveLength(strokes.length)
    back.forEach((stroke, index) => {
      for (const column of ['x', 'y', 't'] as const) {
        expect(stroke![column]).toHaveLength(strokes[index][column].length)
        const most = column === 't' ? 0.5 : 0.0051
        stroke![column].forEach((value, point) => expect(Math.abs(value - strokes[index][column][point])).toBeLessThanOrEqual(most))
      }
    })
  })
})

describe('ownPath', () => {
  it('knows a dot', () => expect(ownPath('M3 -4h0', '7')).toEqual({ x: [3], y: [-4], t: [7] }))

  it.each([
    ['M0 0L1 1', ''],
    ['M0 0h0', ''],
    ['M0 0L1 1', '0'],
    ['M0 0L1 1', '5 4'],
    ['M0 0L1 1', '0 x'],
    ['M0 0C1 1 2 2 3 3', '0 1'],
    ['m0 0L1 1', '0 1'],
    ['', ''],
  ])('is nobody else’s: %s with times "%s"', (d, times) => expect(ownPath(d, times)).toBeNull())
})
