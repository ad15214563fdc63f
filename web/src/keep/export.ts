/**
 * Kept drawings as raw NDJSON, the form of Quick, Draw! that `gribouille ingest` takes: only those that were consented to
 * and whose word is known.
 *
 * `recognized` is whether the best guess was the word, as in Google's files. No country is known. `verdict`, `model` and
 * `guesses` are ours; ingest leaves them aside.
 */
import { toWire } from '../recognise/wire'
import type { Kept } from './kept'

/** A drawing that may be given back. */
export type Given = Kept & { readonly word: string }

export function toGive(drawings: readonly Kept[]): Given[] {
  return drawings.filter((drawing): drawing is Given => drawing.consented && drawing.word !== null)
}

/** The drawings as NDJSON, the oldest first; "" for none. */
export function ndjsonOf(drawings: readonly Given[]): string {
  return [...drawings].sort((a, b) => a.when - b.when).map(lineOf).join('')
}

/** A drawing as one line, its end included; places as they were drawn, times in whole ms, which is what a store holds. */
export function lineOf({ id, when, word, strokes, verdict, model, guesses }: Given): string {
  const record = {
    word,
    timestamp: new Date(when).toISOString().replace('T', ' ').replace('Z', ' UTC'),
    recognized: guesses[0]?.label === word,
    key_id: BigInt(`0x${id}`).toString(), // in digits, as Google writes it: JSON's numbers end at 2**53
    drawing: toWire(strokes.map((stroke) => ({ ...stroke, t: stroke.t.map(Math.round) }))),
    verdict,
    model,
    guesses: guesses.map(({ label, probability }) => [label, probability]),
  }
  return `${JSON.stringify(record)}\n`
}
