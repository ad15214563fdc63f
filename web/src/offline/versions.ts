/** What the service worker is told of the versions of page and model that belong together. */

/** Files by their path below the page's folder, with their hashes as `integrity` of fetch wants them. */
export type Files = Readonly<Record<string, string>>

/** page-version.js, written by the build (web/version.ts): `seldom` are files of `files` that are fetched only when asked for. */
export type PageVersion = { readonly version: string; readonly files: Files; readonly seldom: readonly string[] }

/** model-version.js, written by the server and by `gribouille site` (src/gribouille/server/published.py). */
export type ModelVersion = { readonly version: string; readonly files: Files }

/**
 * What the page says to the service worker: take over from the version before; or: I am of this very version, take me in, and
 * these are the paths of all that I have loaded so far.
 */
export type Message = { kind: 'take over' } | { kind: 'take in'; script: string; model: string; loaded: readonly string[] }
