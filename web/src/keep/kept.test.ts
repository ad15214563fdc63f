import 'fake-indexeddb/auto'
import { beforeEach, describe, expect, it } from 'vitest'
import { settings } from '../app/settings.svelte'
import { begin, EMPTY, extend, lastStroke, type Sketch } from '../ink/sketch'
import { ndjsonOf, toGive } from './export'
import { drawnNow, forget, forgetAll, keep, keptDrawing, keptDrawings, knownId, type Kept } from './kept'
import { itWas, NOTHING_SAID, WRONG } from './said'

const GUESSES = ['cat', 'dog', 'cow', 'pig', 'bat', 'ant'].map((label, rank) => ({ label, probability: 0.5 / (rank + 1) }))
const ANSWER = { guesses: GUESSES, model: 'abc' }

/** A drawing of one stroke that began at `time` ms of the page's clock. */
function drawn(time: number): Sketch {
  const sketch = begin(EMPTY, { x: 0.5 + time, y: -2, time, pressure: null })
  return extend(sketch, lastStroke(sketch), [{ x: 10.25, y: 3, time: time + 16.6, pressure: null }])
}

beforeEach(async () => {
  settings.collect = false
  await forgetAll()
})

describe('keep', () => {
  it('keeps a drawing whole, with the five likeliest guesses', async () => {
    const drawing = drawnNow(drawn(1), NOTHING_SAID, ANSWER, 'draw')
    expect(await keep(drawing)).toBeUndefined()
    expect(await keptDrawing(drawing.id)).toEqual(drawing)
    expect(drawing.guesses).toEqual(GUESSES.slice(0, 5))
  })
  it('keeps a drawing that goes on in its own place, and gives back what stood there', async () => {
    const sketch = drawn(2)
    const before = drawnNow(sketch, NOTHING_SAID, ANSWER, 'draw')
    await keep(before)
    const more = begin(sketch, { x: 5, y: 5, time: 900, pressure: null })
    expect(knownId(more)).toBe(before.id)
    const after = drawnNow(more, itWas('dog', GUESSES), ANSWER, 'draw')
    expect(await keep(after)).toEqual(before)
    expect(await keptDrawings()).toEqual([after])
  })
  it('keeps another drawing beside it, the newest first', async () => {
    const drawings = [10, 20, 30].map((time) => ({ ...drawnNow(drawn(time), NOTHING_SAID, ANSWER, 'play'), when: time }))
    for (const drawing of drawings) await keep(drawing)
    expect(new Set(drawings.map(({ id }) => id)).size).toBe(3)
    expect(await keptDrawings()).toEqual(drawings.reverse())
  })
  it('forgets those named, and no other', async () => {
    const [one, two, three] = [40, 50, 60].map((time) => drawnNow(drawn(time), NOTHING_SAID, ANSWER, 'draw'))
    for (const drawing of [one, two, three]) await keep(drawing)
    await forget(one.id, three.id)
    expect(await keptDrawings()).toEqual([two])
  })
})

describe('toGive', () => {
  const keptWith = (collect: boolean, said = itWas('dog', GUESSES)): Kept => {
    settings.collect = collect
    return drawnNow(drawn(performance.now()), said, ANSWER, 'draw')
  }
  it('gives only what was kept while collecting was on, and has a word', () => {
    const given = keptWith(true)
    expect(toGive([keptWith(false), given, keptWith(true, WRONG), keptWith(true, NOTHING_SAID)])).toEqual([given])
  })
  it('gives nothing that was kept before collecting was switched on', () => {
    const before = keptWith(false)
    settings.collect = true
    expect(toGive([before])).toEqual([])
  })
})

describe('ndjsonOf', () => {
  const drawing = { ...drawnNow(drawn(70), itWas('dog', GUESSES), ANSWER, 'draw'), id: 'ffffffffffffffff', when: 0, word: 'dog', model: 'abc' }

  it('writes Quick, Draw!’s fields and our own', () => {
    expect(JSON.parse(ndjsonOf([drawing]))).toEqual({
      word: 'dog',
      timestamp: '1970-01-01 00:00:00.000 UTC',
      recognized: false,
      key_id: '18446744073709551615',
      drawing: [[[70.5, 10.25], [-2, 3], [0, 17]]],
      verdict: 'named',
      model: 'abc',
      guesses: GUESSES.slice(0, 5).map(({ label, probability }) => [label, probability]),
    })
  })
  it('writes a line each, the oldest first', () => {
    const lines = ndjsonOf([{ ...drawing, when: 5000 }, drawing, { ...drawing, word: 'cat' }])
    expect(lines.trimEnd().split('\n').map((line) => JSON.parse(line).recognized)).toEqual([false, true, false])
    expect(lines.endsWith('}\n')).toBe(true)
  })
  it('is empty for none', () => expect(ndjsonOf([])).toBe(''))
})
