/**
 * The way over the browser's own processor: simplification and the model in a worker. Fails where the browser cannot.
 *
 * A first visit begins with the small model, if the card has one, and goes over to the better one when that has arrived;
 * where a service worker holds everything already, the better one is there as fast.
 */
import { StrokesError } from './canonical'
import type { Card, ModelFile } from './card'
import { check, download, DownloadError, unpacked } from './download'
import { ranked } from './guess'
import type { Request, Response } from './messages'
import type { Ask, Way, Working } from './recogniser'
import { record } from './record'

type Files = { readonly runtime: string; readonly skeleton: string; readonly bytes: number }

const PATIENCE = 20_000 // ms for an answer of the worker: it compiles, opens a model, or guesses
const NEAR = 0.8 // of the runtime's bytes: what is left takes about as long as it takes the next file to begin to come
const AGAIN = 60_000 // ms until a better model that did not come, or did not open, is tried again

/**
 * The way with the onnxruntime that lies at `runtime`, of so many bytes if they are known; `skeleton` is the address of a model to
 * practise on (web/skeleton.ts).
 */
export function device(runtime: string, skeleton: string, bytes = Infinity): Way {
  return { where: 'device', open: (card, left, working) => openDevice({ runtime, skeleton, bytes }, card, left, working) }
}

async function openDevice({ runtime, skeleton, bytes }: Files, card: Card, left: AbortSignal, working: Working): Promise<Ask> {
  const { say, end } = conversation()
  left.addEventListener('abort', end)

  const first = holdsEverything() ? null : card.first
  let runtimeIsNear = (): void => {}
  const runtimeNear = new Promise<void>((near) => (runtimeIsNear = near))
  const runtimeCame = download(runtime, left, (came) => came >= NEAR * bytes && runtimeIsNear())
  void runtimeCame.then(runtimeIsNear, runtimeIsNear)
  let modelIsHere: (none: null) => void = () => {}
  const modelHere = new Promise<null>((here) => (modelIsHere = here))
  const started = start()

  /** Starts the runtime, and has it practise while a model is still on its way: what it then compiles, it has compiled. */
  async function start(): Promise<void> {
    const practice = first && download(skeleton, left).then(unpacked).catch(() => null) // only practice: without it, all works too
    await say({ kind: 'runtime', file: await runtimeCame })
    const file = await Promise.race([modelHere, practice])
    if (file) await say({ kind: 'model', file }).catch(() => null)
  }

  async function use(model: ModelFile, last: boolean): Promise<void> {
    await runtimeNear // until then the line is the runtime's
    const file = await unpacked(await download(model.packed, left))
    modelIsHere(null)
    await check(file, model.sha256)
    await started
    await say({ kind: 'model', file })
    working(model.sha256, last)
  }

  /** Goes over to the better model, as soon as it comes; one that cannot be opened, twice, leaves the first one at work for good. */
  async function improve(first: ModelFile): Promise<void> {
    for (let refused = 0; refused < 2 && !left.aborted; ) {
      try {
        return await use(card, true)
      } catch (error) {
        if (!(error instanceof DownloadError)) refused++
        await new Promise((again) => setTimeout(again, AGAIN))
      }
    }
    if (!left.aborted) working(first.sha256, true)
  }

  await Promise.all([started, use(first ?? card, first === null)])
  if (first) void improve(first)

  return async (strokes) => {
    const start = performance.now()
    const bare = strokes.map(({ x, y, t }) => ({ x, y, t })) // colour and width do not travel
    const response = await say({ kind: 'strokes', strokes: bare })
    record('answer', start, performance.now())
    if (response.kind === 'refused') throw new StrokesError(response.message)
    if (response.kind !== 'probabilities') throw new Error(`expected probabilities, found ${response.kind}`)
    if (response.probabilities.length !== card.labels.length) {
      throw new Error(`expected ${card.labels.length} probabilities, found ${response.probabilities.length}`)
    }
    return ranked(card.labels, response.probabilities)
  }
}

/** Whether page and model come from the service worker's cache. */
function holdsEverything(): boolean {
  return Boolean(globalThis.navigator?.serviceWorker?.controller)
}

/**
 * A worker, as a function that asks it one request after another; it rejects where the worker failed, could not be loaded at
 * all, or fell silent.
 */
function conversation(): { say: (request: Request) => Promise<Response>; end: () => void } {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' })
  const broken = new Promise<never>((_, reject) => {
    worker.onerror = (event) => reject(new Error(event.message || 'the worker could not be loaded'))
  })
  broken.catch(() => null) // told to whoever asks
  let turn: Promise<unknown> = Promise.resolve()
  const say = (request: Request): Promise<Response> => {
    const answer = turn.then(() => Promise.race([ask(worker, request), broken]))
    turn = answer.catch(() => null)
    return answer
  }
  return { say, end: () => worker.terminate() }
}

function ask(worker: Worker, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    const late = setTimeout(() => reject(new Error(`no answer of the worker for ${PATIENCE / 1000} s`)), PATIENCE)
    worker.onmessage = ({ data }: MessageEvent<Response>) => {
      clearTimeout(late)
      if (data.kind === 'failed') reject(new Error(data.message))
      else resolve(data)
    }
    worker.postMessage(request, request.kind === 'strokes' ? [] : [request.file])
  })
}
