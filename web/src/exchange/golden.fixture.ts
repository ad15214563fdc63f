/** Real raw drawings for the tests of this folder, as the page would hold them. */
import { readFileSync } from 'node:fs'
import { COLOURS, WIDTHS, type Inked } from '../ink/sketch'

type Golden = { word: string; strokes: [number[], number[], number[]][] }
const golden = JSON.parse(readFileSync(new URL('../../../tests/golden/raw.json', import.meta.url), 'utf8')) as Golden[]

/** By word; colours and widths in turn. */
export const drawings: ReadonlyMap<string, readonly Inked[]> = new Map(
  golden.map(({ word, strokes }) => [
    word,
    strokes.map(([x, y, t], index) => ({ x, y, t, pen: { colour: COLOURS[index % COLOURS.length], width: WIDTHS[index % WIDTHS.length] } })),
  ]),
)
