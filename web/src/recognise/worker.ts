/**
 * The recogniser on the device, off the page's thread: drawings in, probabilities out (messages.ts).
 *
 * onnxruntime-web's `wasm` bundle holds its own glue, so that one .wasm file is all that it fetches, from this origin.
 * One thread: a second one needs a cross-origin isolated page and has not been measured to pay for a net this small.
 */
import * as ort from 'onnxruntime-web/wasm'
import wasm from 'onnxruntime-web/ort-wasm-simd-threaded.wasm?url'
import type { Request, Response } from './messages'

let session: ort.InferenceSession | null = null

async function open(model: string): Promise<void> {
  ort.env.wasm.wasmPaths = { wasm: new URL(wasm, import.meta.url).href }
  ort.env.wasm.numThreads = 1
  const response = await fetch(model)
  if (!response.ok) throw new Error(`${model}: ${response.status} ${response.statusText}`)
  session = await ort.InferenceSession.create(new Uint8Array(await response.arrayBuffer()), {
    executionProviders: ['wasm'],
    graphOptimizationLevel: 'all',
  })
  await probabilities(Uint8Array.of(0, 0, 0, 255, 255, 1)) // the first run costs several times the next ones
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

async function answer(request: Request): Promise<Response> {
  try {
    if (request.kind === 'drawing') return { kind: 'probabilities', probabilities: await probabilities(request.drawing) }
    await open(request.model)
    return { kind: 'ready' }
  } catch (error) {
    return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => self.postMessage(await answer(data)))
