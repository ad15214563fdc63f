/** Bytes read one after another, with the numbers that WebAssembly (unsigned LEB128) and protobuf (varint) write in the same way. */
export class Reader {
  at = 0
  readonly bytes: Uint8Array
  constructor(bytes: Uint8Array) {
    this.bytes = bytes
  }
  byte(): number {
    return this.bytes[this.at++]
  }
  /** An unsigned LEB128 number of at most 32 bits. */
  number(): number {
    let value = 0
    for (let shift = 0; ; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte < 0x80) return value >>> 0
    }
  }
  take(count: number): Uint8Array {
    return this.bytes.subarray(this.at, (this.at += count))
  }
  rest(): Uint8Array {
    return this.bytes.subarray(this.at)
  }
}
