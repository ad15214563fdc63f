/**
 * Strokes as an SVG picture: one path a stroke, its middle line, in sketch units rounded to 1/100.
 *
 * The times travel in `data-t` (ms since the first point, one a point), which other programs leave alone: readSvg.ts gives
 * them back.
 */
import { boxOf } from '../ink/box'
import { HEX } from '../ink/colours'
import type { Inked, Stroke } from '../ink/sketch'
import type { Line } from './pace'

const AIR = 20 // sketch units around the drawing

/** `background`: a CSS colour, null for none. */
export type Look = { readonly title: string; readonly background: string | null }

export function svgText(strokes: readonly Inked[], { title, background }: Look): string {
  const { x, y, width, height } = boxOf(strokes)
  const frame = [x - AIR, y - AIR, width + 2 * AIR, height + 2 * AIR].map(rounded)
  const [left, top, wide, high] = frame
  const paper = background === null ? [] : [`<rect x="${left}" y="${top}" width="${wide}" height="${high}" fill="${background}" stroke="none"/>`]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="${frame.join(' ')}" width="${wide}" height="${high}" fill="none" stroke-linecap="round" stroke-linejoin="round">`,
    `<title>${escaped(title)}</title>`,
    ...paper,
    ...strokes.map(pathOf),
    '</svg>\n',
  ].join('\n')
}

function pathOf({ x, y, t, pen }: Inked): string {
  const corners = x.map((value, point) => `${rounded(value)} ${rounded(y[point])}`)
  const d = `M${corners.join('L')}${corners.length === 1 ? 'h0' : ''}` // a line of no length is a dot where caps are round
  return `<path d="${d}" stroke="${HEX[pen.colour]}" stroke-width="${pen.width}" data-t="${t.map(Math.round).join(' ')}"/>`
}

/** The points of a path that `svgText` wrote, with its times; null for any other path. */
export function ownPath(d: string, times: string): Stroke | null {
  const line = cornersOf(d)
  const t = times === '' ? [] : times.split(' ').map(Number)
  const isInOrder = t.every((time, point) => time >= (t[point - 1] ?? 0))
  return line !== null && t.length === line.x.length && isInOrder ? { ...line, t } : null
}

const CORNERS = /^M-?[\d.]+ -?[\d.]+(L-?[\d.]+ -?[\d.]+)*(h0)?$/

function cornersOf(d: string): Line | null {
  if (!CORNERS.test(d)) return null
  const corners = d.replace('h0', '').slice(1).split('L').map((corner) => corner.split(' ').map(Number))
  return { x: corners.map(([x]) => x), y: corners.map(([, y]) => y) }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;')
}
