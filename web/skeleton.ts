/**
 * A Vite plugin: the first model without what it knows, as `virtual:skeleton`, the address of the gzipped file.
 *
 * Its integer weights are zeros, so 0.66 MB become 40 kB, and nothing else is changed. A browser compiles WebAssembly function by
 * function when each is first called; opening the skeleton while the first model is on its way has that done before it comes.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { Plugin } from 'vite'
import { withoutWeights } from './skeleton/onnx.ts'

const HERE = dirname(fileURLToPath(import.meta.url))
const FIRST = join(HERE, '../src/gribouille/models/tiny.onnx')
const MADE = join(HERE, 'build')

export function skeleton(): Plugin {
  return {
    name: 'skeleton',
    enforce: 'pre',
    resolveId: (id) => (id === 'virtual:skeleton' ? `${skeletonFile()}?url` : null),
  }
}

/** The path of the skeleton, made where it is not there yet. */
function skeletonFile(): string {
  const file = gzipSync(withoutWeights(readFileSync(FIRST)), { level: 9 })
  const path = join(MADE, createHash('sha256').update(file).digest('hex').slice(0, 16), 'skeleton.onnxz')
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, file)
  renameSync(`${path}.part`, path)
  return path
}
