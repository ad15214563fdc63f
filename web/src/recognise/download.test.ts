import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { download, DownloadError, unpacked } from './download'

const URL = 'https://example.org/model.onnxz'
let body: ReadableStreamDefaultController<Uint8Array>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  vi.stubGlobal('fetch', async (_: string, { signal }: RequestInit) => {
    const stream = new ReadableStream<Uint8Array>({ start: (controller) => void (body = controller) })
    signal?.addEventListener('abort', () => body.error(signal.reason))
    return new Response(stream)
  })
})

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllGlobals()
})

it('takes however long a download takes, as long as something comes', async () => {
  const file = download(URL, new AbortController().signal)
  for (let piece = 0; piece < 20; piece++) {
    await vi.advanceTimersByTimeAsync(15_000)
    body.enqueue(Uint8Array.of(piece))
  }
  body.close()
  expect((await file).byteLength).toBe(20)
})

it('gives up a download that has stalled', async () => {
  const file = expect(download(URL, new AbortController().signal)).rejects.toThrow('nothing came for 20 s')
  await vi.advanceTimersByTimeAsync(10_000)
  body.enqueue(Uint8Array.of(1))
  await vi.advanceTimersByTimeAsync(20_000)
  await file
})

it('names what is not there', async () => {
  vi.stubGlobal('fetch', async () => new Response('', { status: 404, statusText: 'Not Found' }))
  const file = download(URL, new AbortController().signal)
  await expect(file).rejects.toThrow(DownloadError)
  await expect(file).rejects.toThrow(`${URL}: 404 Not Found`)
})

it('asks for nothing once it was left', async () => {
  const fetch = vi.fn()
  vi.stubGlobal('fetch', fetch)
  await expect(download(URL, AbortSignal.abort())).rejects.toThrow(DownloadError)
  expect(fetch).not.toHaveBeenCalled()
})

it('unpacks what was gzipped', async () => {
  const packed = await new Response(new Blob(['net']).stream().pipeThrough(new CompressionStream('gzip'))).arrayBuffer()
  expect(new TextDecoder().decode(await unpacked(packed))).toBe('net')
})
