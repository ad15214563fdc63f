/**
 * Keeps page, runtime and model on the device as one version, and answers the page's requests from it, online or not.
 *
 * A version is what page-version.js and model-version.js list, each file with its hash. It is fetched whole into a cache of its
 * own, and takes over only whole: when somebody accepts it, or when no page of the version before is open any more. Browsers
 * compare this file and the two that it imports byte by byte, so that a new page or a new model makes a new version.
 *
 * Of our own and not Workbox's precaching, which keeps all versions in one cache and knows nothing of a file list that the
 * server makes.
 */
import type { Files, Message, ModelVersion, PageVersion } from './versions'

declare const self: ServiceWorkerGlobalScope & { PAGE: PageVersion; MODEL: ModelVersion }

importScripts('page-version.js', 'model-version.js')

const FILES: Files = { ...self.PAGE.files, ...self.MODEL.files }
const SELDOM: ReadonlySet<string> = new Set(self.PAGE.seldom)
const OURS = `gribouille ${self.registration.scope} ` // several sites may share an origin
const CACHE = `${OURS}${self.PAGE.version} ${self.MODEL.version}`

self.addEventListener('install', (event) => event.waitUntil(fetchAll()))

self.addEventListener('activate', (event) => event.waitUntil(forgetOthers()))

self.addEventListener('message', (event) => {
  const message = event.data as Message
  if (message.kind === 'take over') event.waitUntil(self.skipWaiting())
  else if (message.script in FILES && message.model in FILES) event.waitUntil(takeIn(message.loaded))
})

self.addEventListener('fetch', (event) => {
  const path = pathOf(event.request)
  if (path !== null) event.respondWith(answer(path, event.request))
})

async function fetchAll(): Promise<void> {
  const cache = await caches.open(CACHE)
  await Promise.all(
    Object.entries(FILES).map(async ([path, integrity]) => {
      const file = (await held(path, integrity)) ?? (SELDOM.has(path) ? null : await fetched(path, integrity))
      if (file) await cache.put(path, file)
    }),
  )
}

/** Takes in pages that loaded without us, and keeps what they needed beyond the usual: a runtime that they cannot do without. */
async function takeIn(loaded: readonly string[]): Promise<void> {
  const needed = loaded.filter((path) => SELDOM.has(path))
  await Promise.all(needed.map(keep)).catch(() => null) // kept when it is asked for again
  await self.clients.claim()
}

/** The file as an earlier version, or an installation that broke off, holds it: of most files only one in many versions changes. */
async function held(path: string, integrity: string): Promise<Response | null> {
  const response = await caches.match(path, { ignoreVary: true })
  if (!response) return null
  const digest = await crypto.subtle.digest('SHA-256', await response.clone().arrayBuffer())
  return integrity === `sha256-${btoa(String.fromCharCode(...new Uint8Array(digest)))}` ? response : null
}

/** The file from the server. Throws where it is another one than listed: half of one version and half of the next is none. */
async function fetched(path: string, integrity: string): Promise<Response> {
  const response = await fetch(path, { integrity, cache: 'no-cache', credentials: 'same-origin' })
  if (!response.ok) throw new Error(`${path}: ${response.status} ${response.statusText}`)
  return response
}

async function forgetOthers(): Promise<void> {
  const names = await caches.keys()
  await Promise.all(names.filter((name) => name.startsWith(OURS) && name !== CACHE).map((name) => caches.delete(name)))
}

/** The path of a listed file that is asked for, the page's own being './'; null for all else, which is the network's business. */
function pathOf({ method, mode, url }: Request): string | null {
  if (method !== 'GET' || !url.startsWith(self.registration.scope)) return null
  const path = url.slice(self.registration.scope.length).replace(/#.*$/s, '')
  if (mode === 'navigate' && /^(index\.html)?(\?.*)?$/s.test(path)) return './'
  return path in FILES ? path : null
}

async function answer(path: string, request: Request): Promise<Response> {
  const cache = await caches.open(CACHE)
  const kept = await cache.match(path, { ignoreVary: true })
  if (kept) return kept
  if (!SELDOM.has(path)) return fetch(request)
  return keep(path)
}

async function keep(path: string): Promise<Response> {
  const response = await fetched(path, FILES[path])
  const cache = await caches.open(CACHE)
  await cache.put(path, response.clone())
  return response
}
