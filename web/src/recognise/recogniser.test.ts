import { expect, it } from 'vitest'
import { StrokesError } from './canonical'
import type { Card } from './card'
import type { Guess } from './guess'
import { DownloadError } from './download'
import { openRecogniser, type AtWork, type Way, type Where } from './recogniser'

const CARD: Card = {
  name: '',
  labels: ['fish'],
  labels_fr: ['poisson'],
  raster: { side: 64, line_width: 2, margin: 1.5, channels: ['ink'] },
  metrics: {},
  accuracies: null,
  packed: '',
  sha256: 'a',
  first: null,
  server: true,
  drawings: false,
}
const FISH: Guess[] = [{ label: 'fish', probability: 1 }]
const STROKES = [{ x: [0], y: [0], t: [0] }]

/** A way that fails to open, or fails (or not) when it is asked, and that tells whether it was left. */
function wayThat(fails: { open?: Error; ask?: Error }, where: Where = 'device'): { way: Way; isLeft: () => boolean } {
  let signal: AbortSignal | null = null
  const ask = async (): Promise<Guess[]> => {
    if (fails.ask) throw fails.ask
    return FISH
  }
  const open: Way['open'] = async (card, left, working) => {
    signal = left
    if (fails.open) throw fails.open
    working(card.sha256, true)
    return ask
  }
  return { way: { where, open }, isLeft: () => signal?.aborted ?? false }
}

it.each([{ open: new Error('no wasm') }, { ask: new Error('no wasm') }])('leaves a device that fails, %o, tidily and says why', async (fails) => {
  const [device, server] = [wayThat(fails), wayThat({}, 'server')]
  const told: AtWork[] = []
  const recognise = await openRecogniser(CARD, (now) => told.push(now), [device.way, server.way])
  expect(await recognise(STROKES)).toEqual(FISH)
  expect(told.at(-1)).toEqual({ where: 'server', reason: 'no wasm', model: 'a', last: true })
  expect([device.isLeft(), server.isLeft()]).toEqual([true, false])
})

it('stays with a device that refuses a drawing', async () => {
  const [device, server] = [wayThat({ ask: new StrokesError('too many points') }), wayThat({}, 'server')]
  const recognise = await openRecogniser(CARD, () => {}, [device.way, server.way])
  await expect(recognise(STROKES)).rejects.toThrow(StrokesError)
  expect(device.isLeft()).toBe(false)
})

it('stays with the last way, which may be back at the next stroke', async () => {
  const server = wayThat({ ask: new Error('away') }, 'server')
  const recognise = await openRecogniser(CARD, () => {}, [server.way])
  await expect(recognise(STROKES)).rejects.toThrow('away')
  expect(server.isLeft()).toBe(false)
})

it('does not try a larger runtime after a download that failed', async () => {
  const [slim, whole, server] = [wayThat({ open: new DownloadError('gone') }), wayThat({}), wayThat({}, 'server')]
  const told: AtWork[] = []
  await openRecogniser(CARD, (now) => told.push(now), [slim.way, whole.way, server.way])
  expect(told).toEqual([{ where: 'server', reason: 'gone', model: 'a', last: true }])
})

it('asks no server where there is none', async () => {
  const alone = { ...CARD, server: false }
  const ways = [wayThat({ open: new Error('no wasm') }).way, wayThat({}, 'server').way]
  await expect(openRecogniser(alone, () => {}, ways)).rejects.toThrow('no wasm')
})
