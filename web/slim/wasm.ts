/**
 * WebAssembly files as bytes: which functions they define, the same file with some of them emptied, and a copy that notes
 * which are called. Functions are numbered as the code section lists them, from 0, imported ones left out.
 *
 * Format: https://webassembly.github.io/spec/core/binary/modules.html
 */
import { Reader } from '../bytes.ts'

const HEADER = 8 // bytes: magic number and version
const IMPORTS = 2
const GLOBALS = 6
const EXPORTS = 7
const CODE = 10
const TRAP = Uint8Array.of(0, 0x00, 0x0b) // no locals, unreachable, end
const MUTABLE_I32_ZERO = [0x7f, 0x01, 0x41, 0x00, 0x0b]
const GLOBAL_EXPORT = 3

type Section = { readonly id: number; readonly body: Uint8Array }

/** The name under which a copy made by `noting` exports whether a function was called. */
export const NOTE = /^called (\d+)$/

/** The file with every function emptied that is not in `kept`. */
export function withoutFunctions(file: Uint8Array, kept: ReadonlySet<number>): Uint8Array {
  return mapped(file, ({ id, body }) => (id === CODE ? functions(body, (code, index) => (kept.has(index) ? code : TRAP)) : body))
}

/** The file with an exported global for every function, 0 until it is called. */
export function noting(file: Uint8Array): Uint8Array {
  const all = sections(file)
  const count = new Reader(bodyOf(all, CODE)).number()
  const before = importedGlobals(bodyOf(all, IMPORTS)) + new Reader(bodyOf(all, GLOBALS)).number()
  const added = Array.from({ length: count }, (_, index) => index)
  return mapped(file, ({ id, body }) => {
    if (id === GLOBALS) return listWith(body, added.map(() => MUTABLE_I32_ZERO))
    if (id === EXPORTS) return listWith(body, added.map((index) => [...text(`called ${index}`), GLOBAL_EXPORT, ...leb(before + index)]))
    if (id === CODE) return functions(body, (code, index) => beginning(code, [0x41, 1, 0x24, ...leb(before + index)])) // i32.const 1, global.set
    return body
  })
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)]
}

function text(characters: string): number[] {
  const bytes = new TextEncoder().encode(characters)
  return [...leb(bytes.length), ...bytes]
}

function sections(file: Uint8Array): Section[] {
  const reader = new Reader(file)
  reader.take(HEADER)
  const found: Section[] = []
  while (reader.at < file.length) found.push({ id: reader.byte(), body: reader.take(reader.number()) })
  return found
}

function bodyOf(all: readonly Section[], id: number): Uint8Array {
  const section = all.find((one) => one.id === id)
  if (!section) throw new Error(`expected a WebAssembly file with a section ${id}, found none`)
  return section.body
}

function mapped(file: Uint8Array, change: (section: Section) => Uint8Array): Uint8Array {
  const parts = sections(file).map((section) => ({ id: section.id, body: change(section) }))
  return Buffer.concat([file.subarray(0, HEADER), ...parts.flatMap(({ id, body }) => [Uint8Array.of(id, ...leb(body.length)), body])])
}

/** A code section with every function changed. */
function functions(section: Uint8Array, change: (code: Uint8Array, index: number) => Uint8Array): Uint8Array {
  const reader = new Reader(section)
  const count = reader.number()
  const parts: Uint8Array[] = [Uint8Array.from(leb(count))]
  for (let index = 0; index < count; index++) {
    const code = change(reader.take(reader.number()), index)
    parts.push(Uint8Array.from(leb(code.length)), code)
  }
  return Buffer.concat(parts)
}

/** A function's code with instructions put before its first one, after its locals. */
function beginning(code: Uint8Array, instructions: readonly number[]): Uint8Array {
  const reader = new Reader(code)
  for (let groups = reader.number(); groups > 0; groups--) {
    reader.number() // how many
    reader.byte() // of which type
  }
  return Buffer.concat([code.subarray(0, reader.at), Uint8Array.from(instructions), reader.rest()])
}

/** A section that is a list, with entries added at its end. */
function listWith(section: Uint8Array, entries: readonly (readonly number[])[]): Uint8Array {
  const reader = new Reader(section)
  const count = reader.number()
  return Buffer.concat([Uint8Array.from(leb(count + entries.length)), reader.rest(), Uint8Array.from(entries.flat())])
}

function importedGlobals(section: Uint8Array): number {
  const reader = new Reader(section)
  let globals = 0
  for (let left = reader.number(); left > 0; left--) {
    reader.take(reader.number()) // module
    reader.take(reader.number()) // name
    const kind = reader.byte()
    if (kind === 0) reader.number() // a function's type
    else if (kind === 3) (globals += 1, reader.take(2))
    else {
      if (kind === 1) reader.byte() // a table's element type
      const limits = reader.byte()
      reader.number()
      if (limits & 1) reader.number()
    }
  }
  return globals
}
