/**
 * A Vite plugin: beside every built file of some size, the same file in brotli (x.wasm → x.wasm.br).
 *
 * onnxruntime's wasm is 14.2 MB, 2.9 MB so: what decides how long a phone waits for its first guess. Quality 5 takes 2 s;
 * 11 would save another 0.5 MB for 75 s of every build.
 */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { brotliCompressSync, constants } from 'node:zlib'
import type { Plugin } from 'vite'

const SMALLEST = 4096 // bytes; below, the headers weigh as much

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: ({ root, build }) => void (folder = join(root, build.outDir)),
    closeBundle() {
      for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
        const path = join(folder, name)
        if (statSync(path).isFile() && statSync(path).size >= SMALLEST) writeFileSync(`${path}.br`, brotli(readFileSync(path)))
      }
    },
  }
}

function brotli(bytes: Buffer): Buffer {
  return brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 5,
      [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  })
}
