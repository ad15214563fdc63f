import { describe, expect, it } from 'vitest'
import { MAX_POINTS } from '../ink/sketch'
import { drawings } from './golden.fixture'
import { ndjsonDrawings, rawLine } from './ndjson'

const named = { word: 'cat', when: Date.UTC(2026, 10, 24, 9, 5, 7, 30), recognized: true }
const only = (line: string) => ndjsonDrawings(line).at(0)

describe('rawLine', () => {
  it('writes what Google writes, on one line', () => {
    const strokes = [{ x: [0.5, 2], y: [3, 4], t: [0, 16.4] }]
    expect(rawLine({ ...named, keyId: '42', strokes })).toBe(
      '{"word":"cat","key_id":"42","timestamp":"2026-11-24 09:05:07.030 UTC","recognized":true,"drawing":[[[0.5,2],[3,4],[0,16]]]}\n',
    )
  })

  it.each([...drawings])('is read back with its times: %s', (word, strokes) => {
    const back = only(rawLine({ ...named, word, strokes }))
    expect(back).toMatchObject({ word, timed: true })
    expect(back.strokes.map(({ x, y, t }) => ({ x, y, t }))).toEqual(strokes.map(({ x, y, t }) => ({ x, y, t: t.map((time) => Math.round(time - strokes[0].t[0])) })))
  })
})

describe('ndjsonDrawings', () => {
  it('makes up times for a simplified line, and for one whose time runs backwards', () => {
    for (const line of ['{"word":"a","drawing":[[[0,255],[0,0]],[[0],[9]]]}', '{"word":"a","drawing":[[[0,255],[0,0],[9,8]],[[0],[9],[20]]]}']) {
      const { strokes, timed } = only(line)
      expect(timed).toBe(false)
      expect(strokes.map(({ t }) => t)).toEqual([[0, 1000], [1500]])
    }
  })

  it('counts the drawings, and reads each when it is asked for', () => {
    const drawing = '"drawing":[[[1],[2]]]'
    const several = ndjsonDrawings(`\n{"word":"a",${drawing}}\r\n\n{"word":"b",${drawing}}\n{"word":`)
    expect(several.count).toBe(3)
    expect(several.at(1).word).toBe('b')
    expect(() => several.at(2)).toThrow(expect.objectContaining({ fault: { kind: 'line', line: 4, stroke: null, expected: 'json', found: '{"word":' } }))
  })

  it.each([
    ['{"word":"a"}', null, 'drawing', ''],
    ['[1]', null, 'json', '[1]'],
    ['{"drawing":[]}', null, 'drawing', '[]'],
    ['{"drawing":[[[1],[2]],[[1]]]}', 1, 'stroke', '[[1]]'],
    ['{"drawing":[[[1,null],[2,3]]]}', 0, 'numbers', '[1,null]'],
    ['{"drawing":[[[1,2],[3]]]}', 0, 'equal', '2, 1'],
    ['{"drawing":[[[1,2],[3,4],[5]]]}', 0, 'equal', '2, 2, 1'],
    ['{"drawing":[[[],[]]]}', 0, 'point', '[[],[]]'],
  ])('says what is wrong with %s', (line, stroke, expected, found) => {
    expect(() => ndjsonDrawings(line)).toThrow(expect.objectContaining({ fault: { kind: 'line', line: 0, stroke, expected, found } }))
  })

  it('takes no more points than a drawing may have', () => {
    const column = JSON.stringify(Array(MAX_POINTS + 1).fill(0))
    expect(() => ndjsonDrawings(`{"drawing":[[${column},${column}]]}`)).toThrow(expect.objectContaining({ fault: { kind: 'points', found: MAX_POINTS + 1 } }))
  })
})
