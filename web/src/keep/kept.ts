/**
 * The drawings that stay on this device, in IndexedDB: the gallery's, and what `collect` allows to be given back.
 *
 * The rules, which the settings say in plain words: a drawing is kept when the person presses Keep, and while `collect` is on
 * also when they say what it was, or have drawn it in a game. What is kept while `collect` is on is `consented`, nothing else
 * ever is. One drawing is kept once: gone on with and kept again, it takes its own place. Nothing leaves the device by itself.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { PLACE } from '../app/place'
import { settings } from '../app/settings.svelte'
import type { Inked, Sketch } from '../ink/sketch'
import type { Answered, Guess } from '../recognise/guess'
import type { Said, Verdict } from './said'

const GUESSES_KEPT = 5

/** A drawing kept. `word` is the English name asked for or told, null where nobody said; `when` in ms since 1970. */
export type Kept = {
  readonly id: string // 16 hexadecimal digits
  readonly when: number
  readonly from: 'draw' | 'play'
  readonly strokes: readonly Inked[]
  readonly word: string | null
  readonly verdict: Verdict | null
  readonly guesses: readonly Guess[] // the likeliest, at the end
  readonly model: string // sha256 of the model file that guessed
  /** Kept while `collect` was on: may be exported as a training drawing. */
  readonly consented: boolean
}

/** A drawing to keep, made now, with the consent that stands. */
export function drawnNow(sketch: Sketch, { word, verdict }: Said, { guesses, model }: Answered, from: Kept['from']): Kept {
  return {
    id: idOf(sketch),
    when: Date.now(),
    from,
    strokes: sketch.strokes,
    word,
    verdict,
    guesses: guesses.slice(0, GUESSES_KEPT),
    model,
    consented: settings.collect,
  }
}

const ids = new Map<string, string>() // of this page's drawings that were kept

/** The id under which a drawing was kept since the page was opened; undefined where it was not. */
export function knownId(sketch: Sketch): string | undefined {
  return ids.get(mark(sketch))
}

function idOf(sketch: Sketch): string {
  const id = knownId(sketch) ?? freshId()
  ids.set(mark(sketch), id)
  return id
}

/** Lets a drawing that was kept before be known by its id, when one goes on drawing it. */
export function know({ id, strokes }: Kept): void {
  ids.set(mark({ strokes }), id)
}

/** What stays the same while one goes on drawing, here or after a reload, and differs between drawings: the first stroke. */
function mark({ strokes }: Pick<Sketch, 'strokes'>): string {
  const [first] = strokes
  return first ? [first.x, first.y, first.t.map((time) => time - first.t[0])].join(' ') : ''
}

/** 64 random bits. crypto.randomUUID would want https, which a server in the same room has not. */
function freshId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')
}

interface Schema extends DBSchema {
  drawings: { key: string; value: Kept; indexes: { when: number } }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function base(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>(`gribouille${PLACE}`, 1, {
    upgrade: (fresh) => void fresh.createObjectStore('drawings', { keyPath: 'id' }).createIndex('when', 'when'),
    terminated: close, // some systems do that to tabs in the background
    blocking: () => void base().then((open) => open.close()).then(close), // a newer page wants another form of it
  })
  opened.catch(close)
  return opened
}

/** The next one who asks opens it anew. */
function close(): void {
  opened = null
}

/** Keeps a drawing, in the place of one with its id; that one, for undo. */
export async function keep(drawing: Kept): Promise<Kept | undefined> {
  const change = (await base()).transaction('drawings', 'readwrite')
  const before = await change.store.get(drawing.id)
  await change.store.put(drawing)
  await change.done
  // Browsers may throw away what is not asked for so, Safari after a week without a visit.
  void globalThis.navigator?.storage?.persist?.().catch(() => false)
  return before
}

/** A drawing by its id; undefined where it is not, or no longer, kept. */
export async function keptDrawing(id: string): Promise<Kept | undefined> {
  return (await base()).get('drawings', id)
}

/** All drawings kept, the newest first. */
export async function keptDrawings(): Promise<Kept[]> {
  return (await (await base()).getAllFromIndex('drawings', 'when')).reverse()
}

export async function forget(...ids: string[]): Promise<void> {
  const change = (await base()).transaction('drawings', 'readwrite')
  await Promise.all([...ids.map((id) => change.store.delete(id)), change.done])
}

export async function forgetAll(): Promise<void> {
  await (await base()).clear('drawings')
}
