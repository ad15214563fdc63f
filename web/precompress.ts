/**
 * A Vite plugin: beside every built file of some size, the same file in brotli (x.wasm → x.wasm.br).
 *
 * The slim runtime (slim.ts) is, with the first model, what a phone waits for before its first guess. Brotli's best takes 12 s for
 * it, so what was packed is kept between builds.
 */
import { copyFileSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, constants } from 'node:zlib'
import type { Plugin } from 'vite'
import { made } from './made.ts'

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
      const paths = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name))
      const paying = paths.filter((path) => statSync(path).isFile() && statSync(path).size >= SMALLEST && !PACKED.test(path))
      await Promise.all(paying.map(async (path) => copyFileSync(await brotli(readFileSync(path)), `${path}.br`)))
    },
  }
}

/** The path of a file with these bytes in brotli. */
function brotli(bytes: Buffer): Promise<string> {
  const quality = bytes.length < LARGE ? QUALITY : QUALITY_OF_LARGE
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: quality,
    [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
    [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
  }
  return made(`${quality}.br`, [bytes], () => promisify(brotliCompress)(bytes, { params }))
}
