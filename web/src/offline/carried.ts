/** The drawing under way, carried over a reload in this tab's session storage. */
import { EMPTY, type Sketch } from '../ink/sketch'

const NAME = 'gribouille.carried'

/** Keeps a sketch for the page that loads next in this tab; times stay those since the first point. */
export function carry(sketch: Sketch): void {
  try {
    sessionStorage.setItem(NAME, JSON.stringify(sketch.strokes))
  } catch {
    // storage is forbidden here, or full
  }
}

/** The sketch that was carried here, once; empty where none was. `now` in ms on this page's clock: its last point is as if just drawn. */
export function takeCarried(now: number): Sketch {
  try {
    const strokes = JSON.parse(sessionStorage.getItem(NAME) ?? '[]') as Sketch['strokes']
    sessionStorage.removeItem(NAME)
    const last = strokes.at(-1)?.t.at(-1)
    return last === undefined ? EMPTY : { strokes, began: now - last }
  } catch {
    return EMPTY // storage is forbidden here
  }
}
