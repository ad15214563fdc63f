import { createHash } from 'node:crypto'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { StrokesError } from './canonical'
import type { Card } from './card'
import { device } from './device'
import { DownloadError } from './download'
import type { Working } from './recogniser'
import type { Request, Response as Answer } from './messages'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')

const CARD: Card = {
  name: '',
  labels: ['cat', 'fish'],
  labels_fr: ['chat', 'poisson'],
  raster: { side: 64, line_width: 2, margin: 1.5, channels: ['ink'] },
  metrics: {},
  accuracies: null,
  packed: 'https://example.org/model.onnxz',
  sha256: sha256('https://example.org/model.onnxz'),
  first: null,
  server: true,
  drawings: false,
}
const FIRST = { packed: 'https://example.org/first.onnxz', sha256: sha256('https://example.org/first.onnxz') }
const SKELETON = 'https://example.org/skeleton.onnxz'
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

const gzipped = (text: string): Promise<ArrayBuffer> => new Response(new Blob([text]).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
let absent: Set<string>

beforeEach(() => {
  absent = new Set()
  vi.stubGlobal('Worker', Puppet)
  vi.stubGlobal('fetch', async (url: string) => (absent.has(url) ? new Response('', { status: 404 }) : new Response(await gzipped(url))))
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

const open = (card: Card, left = new AbortController().signal, working: Working = () => {}) =>
  device('https://example.org/ort.wasm', SKELETON).open(card, left, working)

it('opens runtime and model, in this order, and says which model is at work', async () => {
  const working = vi.fn()
  await open(CARD, undefined, working)
  expect(Puppet.last.asked).toEqual(['runtime', 'model'])
  expect(working.mock.calls).toEqual([[CARD.sha256, true]])
})

it('guesses with the small model first, and goes over to the better one when it has come', async () => {
  const working = vi.fn()
  await open({ ...CARD, first: FIRST }, undefined, working)
  expect(working.mock.calls).toEqual([[FIRST.sha256, false]])
  await vi.waitFor(() => expect(working.mock.calls).toEqual([[FIRST.sha256, false], [CARD.sha256, true]]))
})

it('asks again for a better model that did not come, and guesses meanwhile', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  const working = vi.fn()
  absent.add(CARD.packed)
  const ask = await open({ ...CARD, first: FIRST }, undefined, working)
  Puppet.last.answers = ({ kind }) => (kind === 'strokes' ? { kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) } : { kind: 'done' })
  expect(await ask(DOT)).toHaveLength(2)
  absent.clear()
  await vi.waitUntil(() => vi.getTimerCount() > 0)
  await vi.advanceTimersByTimeAsync(60_000)
  vi.useRealTimers()
  await vi.waitFor(() => expect(working).toHaveBeenLastCalledWith(CARD.sha256, true))
})

it('goes on with the small model where the better one cannot be opened, and tries that once more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  absent.add(SKELETON)
  const working = vi.fn()
  const opening = open({ ...CARD, first: FIRST }, undefined, working)
  let models = 0
  Puppet.last.answers = ({ kind }) => {
    if (kind === 'strokes') return { kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) }
    return kind === 'model' && ++models > 1 ? { kind: 'failed', message: 'unreachable' } : { kind: 'done' }
  }
  const ask = await opening
  for (const tried of [2, 3]) {
    await vi.waitUntil(() => models === tried && vi.getTimerCount() === 1)
    expect(await ask(DOT)).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(60_000)
  }
  expect(vi.getTimerCount()).toBe(0)
  expect(models).toBe(3)
  expect(working.mock.calls).toEqual([[FIRST.sha256, false], [FIRST.sha256, true]])
})

it('practises on a skeleton while the first model is on its way', async () => {
  const fetched = fetch
  let giveModel = (): void => {}
  const wanted = new Promise<void>((give) => (giveModel = give))
  vi.stubGlobal('fetch', async (url: string) => (url === FIRST.packed && (await wanted), fetched(url)))
  const opening = open({ ...CARD, first: FIRST })
  await vi.waitFor(() => expect(Puppet.last.asked).toEqual(['runtime', 'model']))
  giveModel()
  await opening
  expect(Puppet.last.asked.slice(0, 3)).toEqual(['runtime', 'model', 'model'])
})

it('does not wait for a skeleton when the model is there', async () => {
  const fetched = fetch
  vi.stubGlobal('fetch', async (url: string) => (url === SKELETON ? new Promise(() => {}) : fetched(url)))
  const working = vi.fn()
  await open({ ...CARD, first: FIRST }, undefined, working)
  expect(working).toHaveBeenCalledWith(FIRST.sha256, false)
})

it('asks for the first model when most of the runtime is here', async () => {
  const fetched = fetch
  const asked: string[] = []
  let giveRest = (): void => {}
  const runtime = new ReadableStream<Uint8Array>({
    start(pieces) {
      pieces.enqueue(new Uint8Array(7))
      giveRest = () => (pieces.enqueue(new Uint8Array(1)), (giveRest = () => (pieces.enqueue(new Uint8Array(2)), pieces.close())))
    },
  })
  vi.stubGlobal('fetch', async (url: string) => (asked.push(url), url.endsWith('.wasm') ? new Response(runtime) : fetched(url)))
  const opening = device('https://example.org/ort.wasm', SKELETON, 10).open({ ...CARD, first: FIRST }, new AbortController().signal, () => {})
  await new Promise((later) => setTimeout(later, 20))
  expect(asked).not.toContain(FIRST.packed)
  giveRest()
  await vi.waitFor(() => expect(asked).toContain(FIRST.packed))
  expect(Puppet.last.asked).toEqual([])
  giveRest()
  await opening
})

it('refuses a model of another hash than the card says', async () => {
  await expect(open({ ...CARD, sha256: 'another' })).rejects.toThrow(/expected a model with the sha256 another, found/)
  expect(Puppet.last.asked).not.toContain('model')
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

it('passes a refusal of the strokes on as one, and answers the next drawing', async () => {
  const ask = await open(CARD)
  Puppet.last.answers = () => ({ kind: 'refused', message: 'expected at most 4096 points' })
  await expect(ask(DOT)).rejects.toThrow(StrokesError)
  Puppet.last.answers = () => ({ kind: 'probabilities', probabilities: Float32Array.of(0.25, 0.75) })
  expect((await ask(DOT))[0]).toEqual({ label: 'fish', probability: 0.75 })
})
