/**
 * The recogniser on the device, off the page's thread: a runtime and a model in, then strokes in, probabilities out (messages.ts).
 *
 * onnxruntime-web's `wasm` bundle holds its own glue, so that one .wasm file is all that it needs; the page fetches it
 * (device.ts). One thread: with two, a guess of these small nets takes longer, measured on two cores.
 */
import * as ort from 'onnxruntime-web/wasm'
import type { Stroke } from '../ink/sketch'
import { StrokesError } from './canonical'
import { fittingDrawing } from './fittingDrawing'
import type { Request, Response } from './messages'

const OPTIONS: ort.InferenceSession.SessionOptions = { executionProviders: ['wasm'], graphOptimizationLevel: 'all' }
let session: ort.InferenceSession | null = null

/** Compiles the runtime now, while the model is still on its way. */
async function start(runtime: ArrayBuffer): Promise<void> {
  ort.env.wasm.wasmBinary = runtime
  ort.env.wasm.numThreads = 1
  await ort.InferenceSession.create(new Uint8Array(), OPTIONS).catch(() => null) // refuses no model, once the runtime runs
}

async function open(model: ArrayBuffer): Promise<void> {
  const opened = await ort.InferenceSession.create(new Uint8Array(model), OPTIONS)
  try {
    await run(opened, Uint8Array.of(0, 0, 0, 255, 255, 1)) // the first run costs several times the next ones
  } catch (error) {
    await opened.release()
    throw error // the model before goes on
  }
  const before = session
  session = opened
  await before?.release()
}

/** Float32 per class. Throws StrokesError for what is no drawing: onnxruntime would answer it with ordinary-looking numbers. */
async function probabilities(strokes: readonly Stroke[]): Promise<Float32Array> {
  if (!session) throw new Error('expected a model to be open')
  return run(session, fittingDrawing(strokes))
}

async function run(model: ort.InferenceSession, drawing: Uint8Array): Promise<Float32Array> {
  const input = new ort.Tensor('float32', Float32Array.from(drawing), [1, drawing.length / 3, 3])
  const { probabilities } = await model.run({ points: input })
  return probabilities.data as Float32Array
}

async function answer(request: Request): Promise<Response> {
  try {
    if (request.kind === 'strokes') return { kind: 'probabilities', probabilities: await probabilities(request.strokes) }
    await (request.kind === 'runtime' ? start : open)(request.file)
    return { kind: 'done' }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return { kind: error instanceof StrokesError ? 'refused' : 'failed', message }
  }
}

self.addEventListener('message', async ({ data }: MessageEvent<Request>) => self.postMessage(await answer(data)))
