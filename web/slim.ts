/**
 * A Vite plugin: onnxruntime's WebAssembly without the functions that Gribouille's models never call, as `virtual:slim-runtime`:
 * the file's address and size.
 *
 * The npm package's file has 17,288 functions in 14.2 MB, for every operator there is. The shipped models call some 4,000 of them:
 * 5.8 MB, in brotli 0.90 instead of 2.86. Which ones is seen at build time: a copy in which every function notes that it was
 * called opens the models and answers drawings of many lengths. In the slim file each of the others holds one instruction,
 * `unreachable`: a model that does call it makes the recogniser fail, and the page goes on with the whole file
 * (src/recognise/recogniser.ts). Numbering and signatures stay, so no other part of the file has to change.
 */
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Plugin } from 'vite'
import { made } from './made.ts'
import { calledFunctions } from './slim/called.ts'
import { withoutFunctions } from './slim/wasm.ts'

const NAME = 'virtual:slim-runtime'
const RESOLVED = `\0${NAME}`
const HERE = dirname(fileURLToPath(import.meta.url))
const WHOLE = join(HERE, 'node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm')
const MODELS = join(HERE, '../src/gribouille/models')
const SOURCES = ['slim/called.ts', 'slim/wasm.ts', 'bytes.ts'].map((name) => join(HERE, name))

export function slimRuntime(): Plugin {
  let building = false
  return {
    name: 'slim-runtime',
    enforce: 'pre',
    configResolved: ({ command }) => void (building = command === 'build'),
    resolveId: (id) => (id === NAME ? RESOLVED : null),
    async load(id) {
      if (id !== RESOLVED) return null
      const path = building ? await slimFile() : WHOLE
      return `export { default as address } from ${JSON.stringify(`${path}?url`)}\nexport const bytes = ${statSync(path).size}`
    },
  }
}

/** The path of the slim file for these sources and models. */
function slimFile(): Promise<string> {
  const models = readdirSync(MODELS)
    .filter((name) => name.endsWith('.onnx'))
    .map((name) => readFileSync(join(MODELS, name)))
  const whole = readFileSync(WHOLE)
  const sources = [whole, ...models, ...SOURCES.map((path) => readFileSync(path))]
  return made('slim.wasm', sources, async () => withoutFunctions(whole, await calledFunctions(whole, models)))
}
