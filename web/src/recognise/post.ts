/** The way over POST /api/v1/guess, for networks that let no WebSocket through. */
import type { Card } from './card'
import type { Ask, Working } from './recogniser'
import { fromWire, toWire, type Answer } from './wire'

const PATIENCE = 20_000 // ms for an answer

export async function openPost(card: Card, _left: AbortSignal, working: Working): Promise<Ask> {
  const url = new URL('api/v1/guess', document.baseURI)
  working(card.sha256, true)
  return async (strokes) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ strokes: toWire(strokes) }),
      signal: AbortSignal.timeout(PATIENCE),
    })
    if (!response.ok && response.status !== 422) throw new Error(`the server answered ${response.status} ${response.statusText}`)
    return fromWire((await response.json()) as Answer)
  }
}
