/** The way over the browser's own processor: canonical() and the model in a worker. Fails where the browser cannot. */
import { canonical, StrokesError, type Drawing } from './canonical'
import type { Card } from './card'
import { ranked } from './guess'
import type { Request, Response } from './messages'
import type { Ask } from './recogniser'
import { record } from './record'

const PATIENCE = 20_000 // ms without a word from the worker, which tells of every piece of a file that arrives
const POINTS_PER_RUN = 4_096 // of a simplified drawing, as in src/gribouille/recogniser.py: the model takes 0.1 MB for each

export async function openDevice(card: Card, left: AbortSignal): Promise<Ask> {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  left.addEventListener('abort', () => worker.terminate())
  const model = new URL(card.url, location.href)
  model.searchParams.set('v', card.sha256) // lets the server answer "immutable" and the browser keep the file
  await say(worker, { kind: 'open', model: model.href })
  return async (strokes) => {
    const start = performance.now()
    const response = await say(worker, { kind: 'drawing', drawing: fitting(canonical(strokes)) })
    record('answer', start, performance.now())
    if (response.kind !== 'probabilities') throw new Error(`expected probabilities, found ${response.kind}`)
    if (response.probabilities.length !== card.labels.length) {
      throw new Error(`expected ${card.labels.length} probabilities, found ${response.probabilities.length}`)
    }
    return ranked(card.labels, response.probabilities)
  }
}

function fitting(drawing: Drawing): Drawing {
  const points = drawing.length / 3
  if (points > POINTS_PER_RUN) throw new StrokesError(`expected at most ${POINTS_PER_RUN} points after simplification, found ${points}`)
  return drawing
}

/** The worker's answer to one request. Rejects where it failed, could not be loaded at all, or fell silent. */
function say(worker: Worker, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const wait = (): ReturnType<typeof setTimeout> =>
      setTimeout(() => reject(new Error(`nothing came for ${PATIENCE / 1000} s`)), PATIENCE)
    let late = wait()
    worker.onmessage = ({ data }: MessageEvent<Response>) => {
      clearTimeout(late)
      if (data.kind === 'progress') late = wait()
      else if (data.kind === 'failed') reject(new Error(data.message))
      else resolve(data)
    }
    worker.onerror = (event) => {
      clearTimeout(late)
      reject(new Error(event.message || 'the worker could not be loaded'))
    }
    worker.postMessage(request)
  })
}
