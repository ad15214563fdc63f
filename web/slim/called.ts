/** Which functions of onnxruntime's WebAssembly are called while models open and answer: watched in Node, as the page's worker does it. */
import * as ort from 'onnxruntime-web/wasm'
import { NOTE, noting } from './wasm.ts'

const POINTS = [1, 2, 3, 7, 35, 100, 700, 4096] // of a drawing; the raster takes other ways for few and for many
const OPTIONS: ort.InferenceSession.SessionOptions = { executionProviders: ['wasm'], graphOptimizationLevel: 'all' }

export async function calledFunctions(wasm: Uint8Array, models: readonly Uint8Array[]): Promise<Set<number>> {
  const watched = watchInstances()
  ort.env.wasm.numThreads = 1
  ort.env.wasm.wasmBinary = noting(wasm)
  await ort.InferenceSession.create(new Uint8Array(), OPTIONS).catch(() => null) // as the worker starts the runtime, and its refusal
  for (const model of models) await answer(model)
  return called(await watched)
}

/** The first WebAssembly instance that is made from now on; the world is left as it was. */
function watchInstances(): Promise<WebAssembly.Instance> {
  const original = WebAssembly.instantiate
  return new Promise((resolve) => {
    WebAssembly.instantiate = async (...input: unknown[]) => {
      WebAssembly.instantiate = original
      const made = (await Reflect.apply(original, WebAssembly, input)) as WebAssembly.WebAssemblyInstantiatedSource
      resolve(made.instance)
      return made as never
    }
  })
}

async function answer(model: Uint8Array): Promise<void> {
  const session = await ort.InferenceSession.create(model, OPTIONS)
  for (const points of POINTS) {
    const drawing = Float32Array.from({ length: 3 * points }, (_, place) => (place % 3 < 2 ? (7919 * place) % 256 : Math.min(1, place % 30)))
    drawing[2] = 0
    await session.run({ points: new ort.Tensor('float32', drawing, [1, points, 3]) })
  }
  await session.release()
}

function called(instance: WebAssembly.Instance): Set<number> {
  const found = new Set<number>()
  for (const [name, global] of Object.entries(instance.exports)) {
    const index = NOTE.exec(name)?.[1]
    if (index !== undefined && (global as WebAssembly.Global).value === 1) found.add(Number(index))
  }
  if (found.size === 0) throw new Error('expected functions of the runtime to be called, found none')
  return found
}
