/**
 * A Vite plugin: the first model without what it knows, as `virtual:skeleton`, the address of the gzipped file.
 *
 * Its integer weights are zeros, so hardly anything is left of it to download, and nothing else is changed. A browser compiles
 * WebAssembly function by function when each is first called; opening the skeleton while the first model is on its way has that
 * done before it comes.
 */
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { made } from './made.ts'
import { withoutWeights } from './skeleton/onnx.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const FIRST = join(HERE, '../src/gribouille/models/tiny.onnx') // src/gribouille/server/published.py's; a test compares
const SOURCES = ['skeleton/onnx.ts', 'bytes.ts'].map((name) => join(HERE, name))

export function skeleton(): Plugin {
  return {
    name: 'skeleton',
    enforce: 'pre',
    resolveId: async (id) => (id === 'virtual:skeleton' ? `${await skeletonFile()}?url` : null),
  }
}

function skeletonFile(): Promise<string> {
  const first = readFileSync(FIRST)
  return made('skeleton.onnxz', [first, ...SOURCES.map((path) => readFileSync(path))], () => gzipSync(withoutWeights(first), { level: 9 }))
}
