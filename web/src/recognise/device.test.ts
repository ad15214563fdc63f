import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { StrokesError } from './canonical'
import type { Card } from './card'
import type { Request, Response } from './messages'
import { openDevice } from './device'
import type { RasterSpec } from './raster'

const RASTER: RasterSpec = { side: 64, line_width: 2, margin: 1.5, channels: ['ink'] }
const CARD: Card = { name: '', labels: ['cat', 'fish'], labels_fr: ['chat', 'poisson'], raster: RASTER, metrics: {}, url: '/model.onnx', sha256: 'abc', drawings: false }

/** A worker that the test speaks for. */
class Puppet {
  static last: Puppet
  onmessage: ((event: { data: Response }) => void) | null = null
  asked: Request[] = []
  terminate = vi.fn()
  constructor() {
    Puppet.last = this
  }
  postMessage(request: Request): void {
    this.asked.push(request)
  }
  say(data: Response): void {
    this.onmessage?.({ data })
  }
}

beforeEach(() => {
  vi.useFakeTimers()
  vi.stubGlobal('Worker', Puppet)
  vi.stubGlobal('location', { href: 'https://example.org/' })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('opens however long a download takes, as long as something comes', async () => {
  const opening = openDevice(CARD, new AbortController().signal)
  for (let piece = 0; piece < 100; piece++) {
    await vi.advanceTimersByTimeAsync(15_000)
    Puppet.last.say({ kind: 'progress' })
  }
  Puppet.last.say({ kind: 'ready' })
  await expect(opening).resolves.toBeTypeOf('function')
})

it('gives up a download that has stalled', async () => {
  const opening = expect(openDevice(CARD, new AbortController().signal)).rejects.toThrow('nothing came for 20 s')
  Puppet.last.say({ kind: 'progress' })
  await vi.advanceTimersByTimeAsync(20_000)
  await opening
})

it('ends its worker when it is left', async () => {
  const leave = new AbortController()
  const opening = openDevice(CARD, leave.signal)
  Puppet.last.say({ kind: 'ready' })
  await opening
  expect(Puppet.last.terminate).not.toHaveBeenCalled()
  leave.abort()
  expect(Puppet.last.terminate).toHaveBeenCalledOnce()
})

it('refuses a scribble of more points than the model can hold, and answers the next drawing', async () => {
  const opening = openDevice(CARD, new AbortController().signal)
  Puppet.last.say({ kind: 'ready' })
  const ask = await opening
  const dots = (count: number): { x: number[]; y: number[]; t: number[] }[] =>
    Array.from({ length: count }, (_, dot) => ({ x: [dot], y: [0], t: [0] })) // two points each
  await expect(ask(dots(2049))).rejects.toThrow(StrokesError)
  expect(Puppet.last.asked.map(({ kind }) => kind)).toEqual(['open'])
  const answer = ask(dots(2048))
  Puppet.last.say({ kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) })
  expect((await answer)[0]).toEqual({ label: 'fish', probability: 0.75 })
})
