import { readFileSync } from 'node:fs'
import { inflateSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { raster, type RasterSpec } from './raster'

type Golden = { spec: RasterSpec; pictures: { name: string; drawing: number[][]; picture: string }[] }
const { spec, pictures } = JSON.parse(readFileSync(new URL('../../../tests/golden/raster.json', import.meta.url), 'utf8')) as Golden

/** Base64 of deflated little-endian float32, as tests/golden/make.py writes it. */
function unpacked(picture: string): Float32Array {
  const bytes = inflateSync(Buffer.from(picture, 'base64'))
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
}

describe('raster', () => {
  it('has pictures of all three channels to stand beside', () => {
    expect(pictures.length).toBeGreaterThan(5)
    expect(spec.channels).toEqual(['ink', 'time', 'stroke'])
  })

  it.each(pictures)('gives every pixel of the numba kernel, bit for bit: $name', ({ drawing, picture }) => {
    expect(raster(Uint8Array.from(drawing.flat()), spec)).toEqual(unpacked(picture))
  })

  it('draws the channels that a card asks for, in its order', () => {
    const [{ drawing }] = pictures
    const rows = Uint8Array.from(drawing.flat())
    const all = raster(rows, spec)
    const size = spec.side ** 2
    expect(raster(rows, { ...spec, channels: ['stroke', 'ink'] })).toEqual(Float32Array.of(...all.subarray(2 * size), ...all.subarray(0, size)))
  })

  it('is black where nothing is drawn', () => {
    expect(raster(new Uint8Array(0), spec).every((value) => value === 0)).toBe(true)
  })
})
