/** The way over POST /api/v1/guess, for networks that let no WebSocket through. */
import type { Ask } from './recogniser'
import { fromWire, toWire, type Answer } from './wire'

export async function openPost(): Promise<Ask> {
  const url = new URL('api/v1/guess', document.baseURI)
  return async (strokes) => {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify({ strokes: toWire(strokes) }),
    })
    if (!response.ok && response.status !== 422) throw new Error(`the server answered ${response.status} ${response.statusText}`)
    return fromWire((await response.json()) as Answer)
  }
}
