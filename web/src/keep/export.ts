/**
 * Kept drawings as raw NDJSON, the form of Quick, Draw! that `gribouille ingest` takes: only those that were consented to
 * and whose word is known.
 *
 * `recognized` is whether the best guess was the word, as in Google's files. No country is known. `verdict`, `model` and
 * `guesses` are ours; ingest leaves them aside.
 */
import { rawLine } from '../exchange/ndjson'
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

/** A drawing as one line, its end included. */
export function lineOf({ id, when, word, strokes, verdict, model, guesses }: Given): string {
  const more = { verdict, model, guesses: guesses.map(({ label, probability }) => [label, probability]) }
  return rawLine({ word, when, recognized: guesses[0]?.label === word, keyId: keyIdOf(id), strokes }, more)
}

/** A drawing's key in digits, as Google writes it: JSON's numbers end at 2**53. */
export function keyIdOf(id: string): string {
  return BigInt(`0x${id}`).toString()
}
