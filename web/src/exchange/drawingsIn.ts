/** Which of the forms that the page knows a text has, and its drawings. */
import { single, type Arrivals } from './arrival'
import { excerpt, Unreadable } from './fault'
import { linkStrokes } from './link'
import { ndjsonDrawings } from './ndjson'
import { svgDrawing } from './readSvg'

const LINK = /#\/open\/([\w-]*)/

/** The drawings of a text: SVG, NDJSON, or anything with a link of the page in it. Throws Unreadable. */
export async function drawingsIn(text: string): Promise<Arrivals> {
  const plain = text.replace(/^\ufeff/, '')
  const trimmed = plain.trim()
  if (trimmed.startsWith('<')) return single(await svgDrawing(trimmed))
  if (trimmed.startsWith('{')) return ndjsonDrawings(plain)
  const link = LINK.exec(trimmed)
  if (link) return linkDrawing(link[1])
  throw new Unreadable({ kind: 'unknown', found: excerpt(trimmed) })
}

/** The drawing of a link's text; signs after it that no link has, a full stop of the sentence around it, are left out. */
export async function linkDrawing(text: string): Promise<Arrivals> {
  return single({ strokes: await linkStrokes(/^[\w-]*/.exec(text)?.[0] ?? ''), word: null, timed: true })
}
