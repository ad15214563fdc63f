/** What the page and the worker say to each other: one answer to each request, in turn. */
import type { Stroke } from '../ink/sketch'

export type Request =
  | { kind: 'runtime'; file: ArrayBuffer } // onnxruntime's WebAssembly, before all else
  | { kind: 'model'; file: ArrayBuffer } // takes the place of the one before
  | { kind: 'strokes'; strokes: readonly Stroke[] }
export type Response =
  | { kind: 'done' }
  | { kind: 'probabilities'; probabilities: Float32Array }
  | { kind: 'refused'; message: string } // strokes that are no drawing, or more than the model can hold
  | { kind: 'failed'; message: string }
