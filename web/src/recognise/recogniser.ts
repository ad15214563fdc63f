/**
 * Strokes in, guesses out, on the device where it can, on the server where it cannot.
 *
 * A chain of ways (device → device with the whole runtime → WebSocket → POST; the last two only where there is a server): one
 * that fails is left for good, said in words by the caller through `changed`, and the question is put again to the next. Only
 * when the last one fails does a question fail.
 */
import whole from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import skeleton from 'virtual:skeleton'
import * as slim from 'virtual:slim-runtime'
import type { Stroke } from '../ink/sketch'
import { StrokesError } from './canonical'
import type { Card } from './card'
import { device } from './device'
import { DownloadError } from './download'
import type { Guess } from './guess'
import { latest } from './latest'
import { openPost } from './post'
import { openSocket } from './socket'

export type Where = 'device' | 'server'
/** Guesses, best first: of every word where the device makes them, of a few where the server does. */
export type Ask = (strokes: readonly Stroke[]) => Promise<Guess[]>
/** Told of the hash of the model that answers from now on, and whether no better one is to come. */
export type Working = (model: string, last: boolean) => void
/**
 * `open` lets go of all that it holds (a worker, a connection) when `left` is aborted: this way has failed. It calls `working`
 * with the hash of the model that answers from now on.
 */
export type Way = {
  readonly where: Where
  readonly open: (card: Card, left: AbortSignal, working: Working) => Promise<Ask>
}
/** Who recognises, why an earlier way does not (null: none failed), and the hash of the model that is asked. */
export type AtWork = { readonly where: Where; readonly reason: string | null; readonly model: string; readonly last: boolean }

const address = (file: string): string => new URL(file, document.baseURI).href

/** The whole runtime is for models that call what the slim one lacks (web/slim.ts), and for the day when that is wrong. */
export const WAYS: () => readonly Way[] = () => [
  device(address(slim.address), address(skeleton), slim.bytes),
  device(address(whole), address(skeleton)),
  { where: 'server', open: openSocket },
  { where: 'server', open: openPost },
]

/**
 * A function that guesses; it answers null for strokes that newer ones have overtaken, and throws StrokesError for those
 * that no way takes.
 *
 * `changed` is told which way is at work with which model, and why an earlier way is not.
 */
export async function openRecogniser(
  card: Card,
  changed: (now: AtWork) => void,
  ways: readonly Way[] = WAYS(),
): Promise<(strokes: readonly Stroke[]) => Promise<Guess[] | null>> {
  let untried = ways.filter(({ where }) => where === 'device' || card.server)
  let leave = new AbortController()
  let ask = await openNext(null)

  async function openNext(reason: string | null): Promise<Ask> {
    const way = untried.shift()
    if (!way) throw new Error(reason ?? 'no way to recognise a drawing')
    leave = new AbortController()
    try {
      return await way.open(card, leave.signal, (model, last) => changed({ where: way.where, reason, model, last }))
    } catch (error) {
      return openAnother(error)
    }
  }

  function openAnother(error: unknown): Promise<Ask> {
    leave.abort()
    // What could not be fetched is not tried in a larger form.
    if (error instanceof DownloadError) untried = untried.filter(({ where }) => where !== 'device')
    return openNext(error instanceof Error ? error.message : String(error))
  }

  return latest(async (strokes) => {
    for (;;) {
      try {
        return await ask(strokes)
      } catch (error) {
        // The last way stays: a server that is away for a moment may be back at the next stroke.
        if (error instanceof StrokesError || untried.length === 0) throw error
        ask = await openAnother(error)
      }
    }
  })
}
