import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { StrokesError } from './canonical'
import type { Card } from './card'
import { device } from './device'
import { DownloadError } from './download'
import type { Request, Response as Answer } from './messages'

const CARD: Card = {
  name: '',
  labels: ['cat', 'fish'],
  labels_fr: ['chat', 'poisson'],
  raster: { side: 64, line_width: 2, margin: 1.5, channels: ['ink'] },
  metrics: {},
  accuracies: null,
  packed: 'https://example.org/model.onnxz',
  sha256: 'full',
  first: null,
  server: true,
  drawings: false,
}
const FIRST = { packed: 'https://example.org/first.onnxz', sha256: 'small' }
const DOT = [{ x: [0], y: [0], t: [0] }]

/** A worker that the test speaks for: it takes runtime and models at once, and answers drawings as the test wants. */
class Puppet {
  static last: Puppet
  onmessage: ((event: { data: Answer }) => void) | null = null
  onerror: ((event: { message: string }) => void) | null = null
  asked: Request['kind'][] = []
  answers: (request: Request) => Answer = () => ({ kind: 'done' })
  terminate = vi.fn()
  constructor() {
    Puppet.last = this
  }
  postMessage(request: Request): void {
    this.asked.push(request.kind)
    queueMicrotask(() => this.onmessage?.({ data: this.answers(request) }))
  }
}

const gzipped = (): Promise<ArrayBuffer> => new Response(new Blob(['net']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
let absent: Set<string>

beforeEach(() => {
  absent = new Set()
  vi.stubGlobal('Worker', Puppet)
  vi.stubGlobal('fetch', async (url: string) => (absent.has(url) ? new Response('', { status: 404 }) : new Response(await gzipped())))
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const open = (card: Card, left = new AbortController().signal, working: (model: string) => void = () => {}) =>
  device('https://example.org/ort.wasm').open(card, left, working)

it('opens runtime and model, in this order, and says which model is at work', async () => {
  const working = vi.fn()
  await open(CARD, undefined, working)
  expect(Puppet.last.asked).toEqual(['runtime', 'model'])
  expect(working.mock.calls).toEqual([['full']])
})

it('guesses with the small model first, and goes over to the better one when it has come', async () => {
  const working = vi.fn()
  await open({ ...CARD, first: FIRST }, undefined, working)
  expect(working.mock.calls).toEqual([['small']])
  await vi.waitFor(() => expect(working.mock.calls).toEqual([['small'], ['full']]))
})

it('asks again for a better model that did not come, and guesses meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const working = vi.fn()
  absent.add(CARD.packed)
  const ask = await open({ ...CARD, first: FIRST }, undefined, working)
  Puppet.last.answers = ({ kind }) => (kind === 'drawing' ? { kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) } : { kind: 'done' })
  expect(await ask(DOT)).toHaveLength(2)
  absent.clear()
  await vi.waitUntil(() => vi.getTimerCount() > 0)
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(working).toHaveBeenLastCalledWith('full'))
})

it('fails the next question where the better model cannot be opened', async () => {
  const opening = open({ ...CARD, first: FIRST })
  let models = 0
  Puppet.last.answers = ({ kind }) => (kind === 'model' && ++models === 2 ? { kind: 'failed', message: 'unreachable' } : { kind: 'done' })
  const ask = await opening
  await vi.waitFor(() => expect(models).toBe(2))
  await expect(ask(DOT)).rejects.toThrow('unreachable')
})

it('fails with what did not come', async () => {
  absent.add(CARD.packed)
  await expect(open(CARD)).rejects.toThrow(DownloadError)
})

it('fails where the worker itself cannot be loaded', async () => {
  const opening = open(CARD)
  Puppet.last.onerror?.({ message: 'no modules here' })
  await expect(opening).rejects.toThrow('no modules here')
})

it('ends its worker when it is left', async () => {
  const leave = new AbortController()
  await open(CARD, leave.signal)
  expect(Puppet.last.terminate).not.toHaveBeenCalled()
  leave.abort()
  expect(Puppet.last.terminate).toHaveBeenCalledOnce()
})

it('refuses a scribble of more points than the model can hold, and answers the next drawing', async () => {
  const ask = await open(CARD)
  const dots = (count: number): { x: number[]; y: number[]; t: number[] }[] =>
    Array.from({ length: count }, (_, dot) => ({ x: [dot], y: [0], t: [0] })) // two points each
  await expect(ask(dots(2049))).rejects.toThrow(StrokesError)
  expect(Puppet.last.asked).toEqual(['runtime', 'model'])
  Puppet.last.answers = () => ({ kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) })
  expect((await ask(dots(2048)))[0]).toEqual({ label: 'fish', probability: 0.75 })
})
