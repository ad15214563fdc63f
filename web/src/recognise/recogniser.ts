/**
 * Strokes in, guesses out, on the device where it can, on the server where it cannot.
 *
 * A chain of ways (device → WebSocket → POST): one that fails is left for good, said in words by the caller through
 * `changed`, and the question is put again to the next. Only when the last one fails does a question fail.
 */
import type { Stroke } from '../ink/sketch'
import { StrokesError } from './canonical'
import type { Card } from './card'
import { openDevice } from './device'
import type { Guess } from './guess'
import { latest } from './latest'
import { openPost } from './post'
import { openSocket } from './socket'

export type Where = 'device' | 'server'
/** Guesses, best first: of every word where the device makes them, of a few where the server does. */
export type Ask = (strokes: readonly Stroke[]) => Promise<Guess[]>
/** `open` lets go of all that it holds (a worker, a connection) when `left` is aborted: this way has failed. */
export type Way = { readonly where: Where; readonly open: (card: Card, left: AbortSignal) => Promise<Ask> }
export type Changed = (where: Where, reason: string | null) => void

export const WAYS: readonly Way[] = [
  { where: 'device', open: openDevice },
  { where: 'server', open: openSocket },
  { where: 'server', open: openPost },
]

/**
 * A function that guesses; it answers null for strokes that newer ones have overtaken, and throws StrokesError for those
 * that no way takes.
 *
 * `changed` is told which way is at work, and why an earlier one is not.
 */
export async function openRecogniser(
  card: Card,
  changed: Changed,
  ways: readonly Way[] = WAYS,
): Promise<(strokes: readonly Stroke[]) => Promise<Guess[] | null>> {
  const untried = [...ways]
  let leave = new AbortController()
  let ask = await openNext(null)

  async function openNext(reason: string | null): Promise<Ask> {
    const way = untried.shift()
    if (!way) throw new Error(reason ?? 'no way to recognise a drawing')
    leave = new AbortController()
    try {
      const opened = await way.open(card, leave.signal)
      changed(way.where, reason)
      return opened
    } catch (error) {
      return openAnother(error)
    }
  }

  function openAnother(error: unknown): Promise<Ask> {
    leave.abort()
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
