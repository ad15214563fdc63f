/** What the page and the worker say to each other: one answer to each request, in turn. */
export type Request =
  | { kind: 'runtime'; file: ArrayBuffer } // onnxruntime's WebAssembly, before all else
  | { kind: 'model'; file: ArrayBuffer } // takes the place of the one before
  | { kind: 'drawing'; drawing: Uint8Array }
export type Response =
  | { kind: 'done' }
  | { kind: 'probabilities'; probabilities: Float32Array }
  | { kind: 'failed'; message: string }
