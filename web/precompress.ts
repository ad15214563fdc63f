/**
 * A Vite plugin: beside every built file of some size, the same file in brotli (x.wasm → x.wasm.br).
 *
 * onnxruntime's wasm, slim (slim.ts), is 5.8 MB, 0.90 MB so: with the first model what a phone waits for before its first guess.
 * Brotli's best takes 12 s for it, so what was packed is kept between builds.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { Plugin } from 'vite'

const KEPT = join(dirname(fileURLToPath(import.meta.url)), 'build/brotli')
const PACKED = /\.(png|onnxz)$/
const SMALLEST = 4096 // bytes; below, the headers weigh as much
const LARGE = 8e6 // bytes: the whole runtime, which hardly anybody fetches, would take half a minute more
const QUALITY = 11
const QUALITY_OF_LARGE = 5

export function precompress(): Plugin {
  let folder = ''
  return {
    name: 'precompress',
    apply: 'build',
    configResolved: ({ root, build }) => void (folder = resolve(root, build.outDir)),
    async closeBundle() {
      mkdirSync(KEPT, { recursive: true })
      const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
      const paying = paths.filter((path) => statSync(path).isFile() && statSync(path).size >= SMALLEST && !PACKED.test(path))
      await Promise.all(paying.map(async (path) => writeFileSync(`${path}.br`, await brotli(readFileSync(path)))))
    },
  }
}

async function brotli(bytes: Buffer): Promise<Buffer> {
  const quality = bytes.length < LARGE ? QUALITY : QUALITY_OF_LARGE
  const kept = join(KEPT, `${createHash('sha256').update(bytes).digest('hex')}.${quality}`)
  if (existsSync(kept)) return readFileSync(kept)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  const packed = await promisify(brotliCompress)(bytes, { params })
  writeFileSync(`${kept}.part`, packed)
  renameSync(`${kept}.part`, kept)
  return packed
}
