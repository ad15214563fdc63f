/** Whole numbers as bytes, small ones short: 7 bits a byte, the lowest first, the top bit set where more follow. */

/** Appends a whole number ≥ 0. Arithmetic, not bit operations: those end at 32 bits. */
export function pushWhole(bytes: number[], value: number): void {
  let rest = value
  while (rest >= 128) {
    bytes.push((rest % 128) + 128)
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
}

/** Appends a whole number of either sign: 0, −1, 1, −2, … as 0, 1, 2, 3, … */
export function pushSigned(bytes: number[], value: number): void {
  pushWhole(bytes, value < 0 ? -2 * value - 1 : 2 * value)
}

/** Reads what was pushed, in the same order. Throws a RangeError where the bytes end too early or a number never does. */
export class Reader {
  #at = 0
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
  }

  get done(): boolean {
    return this.#at === this.#bytes.length
  }

  whole(): number {
    let [value, place] = [0, 1]
    for (;;) {
      const byte = this.#bytes[this.#at++]
      if (byte === undefined) throw new RangeError('expected more bytes, found the end')
      value += (byte % 128) * place
      if (!Number.isSafeInteger(value)) throw new RangeError('expected a number below 2**53, found a longer one')
      if (byte < 128) return value
      place *= 128
    }
  }

  signed(): number {
    const value = this.whole()
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }
}
