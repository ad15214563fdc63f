/**
 * What the page and the worker say to each other; the page waits for each answer before it asks again.
 * Before `ready` comes any number of `progress`: one more piece of a file has arrived.
 */
export type Request = { kind: 'open'; model: string } | { kind: 'drawing'; drawing: Uint8Array }
export type Response =
  | { kind: 'progress' }
  | { kind: 'ready' }
  | { kind: 'probabilities'; probabilities: Float32Array }
  | { kind: 'failed'; message: string }
