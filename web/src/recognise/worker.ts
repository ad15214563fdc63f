/**
 * The recogniser on the device, off the page's thread: drawings in, probabilities out (messages.ts).
 *
 * onnxruntime-web's `wasm` bundle holds its own glue, so that one .wasm file is all that it needs. It is fetched
 * here, beside the model, so that the page can be told of every piece that arrives (onnxruntime would fetch it silently).
 * One thread: a second one needs a cross-origin isolated page and has not been measured to pay for a net this small.
 */
import * as ort from 'onnxruntime-web/wasm'
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { Request, Response as Answer } from './messages'

let session: ort.InferenceSession | null = null

async function open(model: string): Promise<void> {
  const [runtime, file] = await Promise.all([bytesOf(new URL(wasm, import.meta.url).href), bytesOf(model)])
  ort.env.wasm.wasmBinary = runtime
  ort.env.wasm.numThreads = 1
  session = await ort.InferenceSession.create(file, {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  })
  await probabilities(Uint8Array.of(0, 0, 0, 255, 255, 1)) // the first run costs several times the next ones
}

/** A file of the server. Tells the page of every piece that arrives, for it gives up on silence. */
async function bytesOf(url: string): Promise<Uint8Array> {
  const response = await fetch(url)
  if (!response.ok || !response.body) throw new Error(`${url}: ${response.status} ${response.statusText}`)
  const told = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, out) => {
      say({ kind: 'progress' })
      out.enqueue(piece)
    },
  })
  return new Uint8Array(await new Response(response.body.pipeThrough(told)).arrayBuffer())
}

/** Float32 per class. Throws for what holds no point: onnxruntime would answer it with ordinary-looking numbers. */
async function probabilities(drawing: Uint8Array): Promise<Float32Array> {
  if (!session) throw new Error('expected a model to be open')
  const points = drawing.length / 3
  if (points === 0 || !Number.isInteger(points)) throw new RangeError(`expected rows x, y, pen, found ${drawing.length} numbers`)
  const input = new ort.Tensor('float32', Float32Array.from(drawing), [1, points, 3])
  const { probabilities } = await session.run({ points: input })
  return probabilities.data as Float32Array
}

async function answer(request: Request): Promise<Answer> {
  try {
    if (request.kind === 'drawing') return { kind: 'probabilities', probabilities: await probabilities(request.drawing) }
    await open(request.model)
    return { kind: 'ready' }
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

const say = (message: Answer): void => self.postMessage(message)

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => say(await answer(data)))
