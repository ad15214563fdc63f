/**
 * A Vite plugin: page-version.js, which tells the service worker what this version of the page consists of
 * (src/offline/serviceWorker.ts): every built file with its hash, and a hash of all.
 */
import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Plugin } from 'vite'

const OWN = ['service-worker.js', 'page-version.js'] // the browser itself keeps these
// The whole runtime, for models that the slim one cannot run, and what hastens a first visit: kept once they were asked for.
const SELDOM = /^assets\/(ort-wasm-[^/]+\.wasm|skeleton-[^/]+\.onnxz)$/

export function version(): Plugin {
  let folder = ''
  return {
    name: 'version',
    apply: 'build',
    configResolved: ({ root, build }) => void (folder = resolve(root, build.outDir)),
    closeBundle() {
      const files = Object.fromEntries(built(folder).map((name) => [name === 'index.html' ? './' : name, integrity(join(folder, name))]))
      const seldom = Object.keys(files).filter((name) => SELDOM.test(name))
      const page = { version: createHash('sha256').update(JSON.stringify(files)).digest('hex'), files, seldom }
      writeFileSync(join(folder, 'page-version.js'), `self.PAGE = ${JSON.stringify(page, null, 1)}\n`)
    },
  }
}

function built(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => name.replaceAll('\\', '/'))
  return names.filter((name) => statSync(join(folder, name)).isFile() && !name.endsWith('.br') && !OWN.includes(name)).sort()
}

/** As `integrity` of fetch wants it. */
function integrity(path: string): string {
  return `sha256-${createHash('sha256').update(readFileSync(path)).digest('base64')}`
}
