/** What the page and the worker say to each other; the page waits for each answer before it asks again. */
export type Request = { kind: 'open'; model: string } | { kind: 'drawing'; drawing: Uint8Array }
export type Response =
  | { kind: 'ready' }
  | { kind: 'probabilities'; probabilities: Float32Array }
  | { kind: 'failed'; message: string }
