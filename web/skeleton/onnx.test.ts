import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { withoutWeights } from './onnx.ts'

// Fields as protobuf writes them: (number << 3 | kind), then a number, or a length and bytes.
const number = (field: number, value: number): number[] => [field * 8, value]
const bytes = (field: number, body: readonly number[]): number[] => [field * 8 + 2, body.length, ...body]
const tensor = (type: number, data: readonly number[]): number[] => bytes(5, [...number(2, type), ...bytes(8, [65]), ...bytes(9, data)])

it('empties integer weights and leaves all else', () => {
  const model = (weights: number[]): number[] => [...number(1, 10), ...bytes(7, [...tensor(3, weights), ...tensor(1, [5, 6, 7, 8]), ...bytes(2, [66])])]
  const file = Uint8Array.from(model([1, 2, 255]))
  expect(withoutWeights(file)).toEqual(Uint8Array.from(model([0, 0, 0])))
  expect(file).toEqual(Uint8Array.from(model([1, 2, 255])))
})

it('refuses a file without any', () => {
  expect(() => withoutWeights(Uint8Array.from(bytes(7, tensor(1, [1, 2, 3, 4]))))).toThrow('found none')
})

it('empties most of the shipped first model', () => {
  const file = readFileSync('../src/gribouille/models/tiny.onnx')
  const empty = withoutWeights(file)
  expect(empty.length).toBe(file.length)
  expect(empty.filter((byte) => byte === 0).length).toBeGreaterThan(0.9 * file.length)
})
