/**
 * Quick, Draw!'s NDJSON: a raw line with time out, exactly what `gribouille ingest` takes; raw and simplified lines in.
 *
 * Unlike ingest, which refuses a file for one bad line, a line is only read when its drawing is asked for.
 */
import { MAX_POINTS, PEN, type Stroke } from '../ink/sketch'
import { toWire } from '../recognise/wire'
import type { Arrival, Arrivals } from './arrival'
import { excerpt, Unreadable, type Expected } from './fault'
import { timed } from './pace'

/** `word` in English; `when` in ms since 1970; `recognized` null where nobody knows; `keyId`: decimal digits. */
export type Named = {
  readonly word: string
  readonly when: number
  readonly recognized: boolean | null
  readonly keyId?: string
  readonly strokes: readonly Stroke[]
}

/** One raw line, its end included; `more`: keys of ours, which ingest leaves aside. */
export function rawLine(drawing: Named, more: Readonly<Record<string, unknown>> = {}): string {
  return `${JSON.stringify({ ...rawRecord(drawing), ...more })}\n`
}

/** Places are written as they were drawn, so that Python makes the very same drawing of them; times in whole ms, which is what a store holds. */
function rawRecord({ word, when, recognized, keyId, strokes }: Named): object {
  return {
    word,
    ...(keyId === undefined ? {} : { key_id: keyId }),
    timestamp: new Date(when).toISOString().replace('T', ' ').replace('Z', ' UTC'),
    recognized,
    drawing: toWire(strokes.map((stroke) => ({ ...stroke, t: stroke.t.map(Math.round) }))),
  }
}

/** The drawings of a text's lines; empty ones are skipped. Throws Unreadable where the first is none. */
export function ndjsonDrawings(text: string): Arrivals {
  const lines = text.split('\n').flatMap((line, number) => (line.trim() === '' ? [] : [{ line, number }]))
  const at = (index: number): Arrival => drawingOf(lines[index].line, lines[index].number)
  at(0)
  return { count: lines.length, at }
}

function drawingOf(line: string, number: number): Arrival {
  const refuse = (expected: Expected, found: unknown, stroke: number | null = null): never => {
    const shown = typeof found === 'string' ? found : (JSON.stringify(found) ?? '')
    throw new Unreadable({ kind: 'line', line: number, stroke, expected, found: excerpt(shown) })
  }
  let record: unknown
  try {
    record = JSON.parse(line)
  } catch {
    return refuse('json', line)
  }
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return refuse('json', record)
  const { drawing, word } = record as { drawing?: unknown; word?: unknown }
  if (!Array.isArray(drawing) || drawing.length === 0) return refuse('drawing', drawing)
  const columns = drawing.map((stroke: unknown, index) => {
    if (!Array.isArray(stroke) || (stroke.length !== 2 && stroke.length !== 3)) return refuse('stroke', stroke, index)
    const [x, y, t] = stroke.map((column: unknown) => (isNumbers(column) ? column : refuse('numbers', column, index)))
    if (x.length === 0) refuse('point', stroke, index)
    if (x.length !== y.length || (t && t.length !== x.length)) refuse('equal', stroke.map(({ length }: number[]) => length).join(', '), index)
    return { x, y, t: t ?? null, pen: PEN }
  })
  const points = columns.reduce((total, { x }) => total + x.length, 0)
  if (points > MAX_POINTS) throw new Unreadable({ kind: 'points', found: points })
  return { ...timed(columns), word: typeof word === 'string' ? word : null }
}

function isNumbers(column: unknown): column is number[] {
  return Array.isArray(column) && column.every(Number.isFinite)
}
