/** The way over the browser's own processor: canonical() and the model in a worker. Fails where the browser cannot. */
import { canonical } from './canonical'
import type { Card } from './card'
import { topGuesses } from './guess'
import type { Request, Response } from './messages'
import type { Ask } from './recogniser'
import { record } from './record'

export async function openDevice(card: Card): Promise<Ask> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const model = new URL(card.url, location.href)
  model.searchParams.set('v', card.sha256) // lets the server answer "immutable" and the browser keep the file
  try {
    await say(worker, { kind: 'open', model: model.href })
  } catch (error) {
    worker.terminate()
    throw error
  }
  return async (strokes) => {
    const start = performance.now()
    const response = await say(worker, { kind: 'drawing', drawing: canonical(strokes) })
    record('answer', start, performance.now())
    if (response.kind !== 'probabilities') throw new Error(`expected probabilities, found ${response.kind}`)
    if (response.probabilities.length !== card.labels.length) {
      throw new Error(`expected ${card.labels.length} probabilities, found ${response.probabilities.length}`)
    }
    return topGuesses(card.labels, response.probabilities)
  }
}

/** The worker's answer to one request. Rejects where it failed, or could not be loaded at all. */
function say(worker: Worker, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    worker.onmessage = ({ data }: MessageEvent<Response>) =>
      data.kind === 'failed' ? reject(new Error(data.message)) : resolve(data)
    worker.onerror = (event) => reject(new Error(event.message || 'the worker could not be loaded'))
    worker.postMessage(request)
  })
}
