import { beforeEach, expect, it, vi } from 'vitest'
import { drawingsOf } from './drawingsOf'

const { card, keptDrawings } = vi.hoisted(() => ({ card: { drawings: true }, keptDrawings: vi.fn() }))
vi.mock('../keep/kept', () => ({ keptDrawings }))
vi.mock('../recognise/engine.svelte', () => ({ engine: { card } }))

const LINE = { x: [0, 1], y: [0, 1], t: [0, 1] }
const asked = vi.fn()

beforeEach(() => {
  card.drawings = true
  keptDrawings.mockResolvedValue([{ word: 'barn', strokes: [LINE] }, { word: 'house', strokes: [] }])
  asked.mockReset().mockImplementation(async () => Response.json({ drawings: [{ strokes: [[[5, 6], [7, 8]]] }] }))
  vi.stubGlobal('fetch', asked)
  vi.stubGlobal('document', { baseURI: 'https://page.test/sub/' })
})

it('shows one’s own drawings of the word, then others’, and asks below the page’s own address', async () => {
  expect(await drawingsOf('barn', 6)).toEqual([
    { strokes: [LINE], own: true },
    { strokes: [{ x: [5, 6], y: [7, 8], t: [0, 0] }], own: false },
  ])
  expect(String(asked.mock.calls[0][0])).toBe('https://page.test/sub/api/v1/drawings?label=barn&count=12&page=0')
})

it('asks no server that has none', async () => {
  card.drawings = false
  expect(await drawingsOf('barn', 6)).toEqual([{ strokes: [LINE], own: true }])
  expect(asked).not.toHaveBeenCalled()
})

it('finds fewer where storage is forbidden or the server fails', async () => {
  keptDrawings.mockRejectedValue(new Error('forbidden'))
  asked.mockResolvedValue(new Response('', { status: 500 }))
  expect(await drawingsOf('barn', 6)).toEqual([])
})
