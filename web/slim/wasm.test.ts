import { expect, it } from 'vitest'
import { NOTE, noting, withoutFunctions } from './wasm'

/** (module (global (mut i32) …) (func "a" (result i32) 1) (func "b" (result i32) (local i32) 2)), with an imported function. */
const FILE = Uint8Array.from([
  ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
  ...[1, 8, 2, 0x60, 0, 0, 0x60, 0, 1, 0x7f], // types: () → (), () → i32
  ...[2, 7, 1, 1, 0x6d, 1, 0x66, 0, 0], // import m.f
  ...[3, 3, 2, 1, 1],
  ...[6, 6, 1, 0x7f, 0, 0x41, 5, 0x0b],
  ...[7, 9, 2, 1, 0x61, 0, 1, 1, 0x62, 0, 2],
  ...[10, 13, 2, 4, 0, 0x41, 1, 0x0b, 6, 1, 1, 0x7f, 0x41, 2, 0x0b],
])

type Exports = Record<string, (() => number) & WebAssembly.Global>

async function exportsOf(file: Uint8Array): Promise<Exports> {
  const { instance } = await WebAssembly.instantiate(Uint8Array.from(file), { m: { f: () => {} } })
  return instance.exports as unknown as Exports
}

it('notes which functions are called, and leaves their answers as they are', async () => {
  const { a, b, ...notes } = await exportsOf(noting(FILE))
  const called = (): string[] => Object.keys(notes).filter((name) => NOTE.test(name) && notes[name].value === 1)
  expect(called()).toEqual([])
  expect(b()).toBe(2)
  expect(called()).toEqual(['called 1'])
  expect(a()).toBe(1)
  expect(called()).toEqual(['called 0', 'called 1'])
})

it('keeps the functions given, and makes the others fail instead of answering', async () => {
  const { a, b } = await exportsOf(withoutFunctions(FILE, new Set([1])))
  expect(b()).toBe(2)
  expect(a).toThrow(WebAssembly.RuntimeError)
})
