/**
 * ONNX files as bytes: the same file with its integer weights at 0. Nothing changes its length, so nothing else has to change.
 *
 * Format: https://protobuf.dev/programming-guides/encoding and onnx.proto, from which the field numbers are.
 */
import { Reader } from '../bytes.ts'

const GRAPH = 7 // of a model
const INITIALIZER = 5 // of a graph
const DATA_TYPE = 2 // of a tensor
const RAW_DATA = 9 // of a tensor
const INT8 = 3
// Kinds of fields: a whole number, so many bytes; all others say their length.
const WHOLE = 0
const FIXED = new Map([[1, 8], [5, 4]])

type Field = { readonly number: number; readonly value: number; readonly body: Uint8Array }

export function withoutWeights(file: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(file)
  let emptied = 0
  for (const graph of fields(copy)) {
    if (graph.number !== GRAPH) continue
    for (const tensor of fields(graph.body)) {
      if (tensor.number !== INITIALIZER) continue
      const all = [...fields(tensor.body)]
      if (!all.some(({ number, value }) => number === DATA_TYPE && value === INT8)) continue
      for (const { body } of all.filter(({ number }) => number === RAW_DATA)) emptied += body.fill(0).length
    }
  }
  if (emptied === 0) throw new Error('expected an ONNX file with weights of a byte each, found none')
  return copy
}

/** The fields of a message, in order: `value` of whole numbers, `body` of what has a length, as a view of the file. */
function* fields(message: Uint8Array): Generator<Field> {
  const reader = new Reader(message)
  while (reader.at < message.length) {
    const tag = reader.number()
    const kind = tag & 7
    const value = kind === WHOLE ? reader.number() : 0
    yield { number: tag >>> 3, value, body: reader.take(kind === WHOLE ? 0 : (FIXED.get(kind) ?? reader.number())) }
  }
}
