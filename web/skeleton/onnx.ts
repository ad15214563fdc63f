/**
 * ONNX files as bytes: the same file with its integer weights at 0. Nothing changes its length, so nothing else has to change.
 *
 * Format: https://protobuf.dev/programming-guides/encoding and onnx.proto, from which the field numbers are.
 */
const GRAPH = 7 // of a model
const INITIALIZER = 5 // of a graph
const DATA_TYPE = 2 // of a tensor
const RAW_DATA = 9 // of a tensor
const INT8 = 3

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
  let at = 0
  const number = (): number => {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      const byte = message[at++]
      value += (byte & 0x7f) * factor
      if (byte < 0x80) return value
    }
  }
  while (at < message.length) {
    const tag = number()
    const kind = tag % 8
    if (kind === 0) yield { number: Math.floor(tag / 8), value: number(), body: message.subarray(at, at) }
    else {
      const length = kind === 2 ? number() : kind === 1 ? 8 : 4
      yield { number: Math.floor(tag / 8), value: 0, body: message.subarray(at, (at += length)) }
    }
  }
}
