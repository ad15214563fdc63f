/**
 * The drawings that stay on this device, in IndexedDB: the gallery's, and what `collect` allows to be given back.
 *
 * Nothing here ever leaves the device by itself.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb'
import { settings } from '../app/settings.svelte'
import type { Inked } from '../ink/sketch'
import { engine } from '../recognise/engine.svelte'
import type { Guess } from '../recognise/guess'

const GUESSES_KEPT = 5

/** What the person said of the guess: it was right; wrong and nothing more; or it was `word`. */
export type Verdict = 'right' | 'wrong' | 'named'

/** A drawing kept. `word` is the English name asked for or told, null where nobody said; `when` in ms since 1970. */
export type Kept = {
  readonly id: string
  readonly when: number
  readonly from: 'draw' | 'play'
  readonly strokes: readonly Inked[]
  readonly word: string | null
  readonly verdict: Verdict | null
  readonly guesses: readonly Guess[] // the likeliest, at the end
  readonly model: string // sha256 of the model file that guessed
  /** Drawn while `collect` was on: may be exported as a training drawing. */
  readonly consented: boolean
}

/** A drawing to keep, made now: with the model at work, and the consent that stands. */
export function drawnNow(made: Pick<Kept, 'from' | 'strokes' | 'word' | 'verdict' | 'guesses'>): Kept {
  return {
    ...made,
    id: crypto.randomUUID(),
    when: Date.now(),
    guesses: made.guesses.slice(0, GUESSES_KEPT),
    model: engine.model,
    consented: settings.collect,
  }
}

interface Schema extends DBSchema {
  drawings: { key: string; value: Kept; indexes: { when: number } }
}

let opened: Promise<IDBPDatabase<Schema>> | null = null

function base(): Promise<IDBPDatabase<Schema>> {
  opened ??= openDB<Schema>('gribouille', 1, {
    upgrade: (fresh) => void fresh.createObjectStore('drawings', { keyPath: 'id' }).createIndex('when', 'when'),
  })
  return opened
}

/** Keeps a drawing, in the place of one with its id. */
export async function keep(drawing: Kept): Promise<void> {
  await (await base()).put('drawings', drawing)
}

/** All drawings kept, the newest first. */
export async function keptDrawings(): Promise<Kept[]> {
  return (await (await base()).getAllFromIndex('drawings', 'when')).reverse()
}

export async function forget(id: string): Promise<void> {
  await (await base()).delete('drawings', id)
}

export async function forgetAll(): Promise<void> {
  await (await base()).clear('drawings')
}
