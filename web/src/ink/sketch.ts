/**
 * The state of the page: what has been drawn, and its three transitions. Nothing here is ever changed in place.
 *
 * Unit of x and y: one CSS pixel of the paper at its natural scale, the origin in the paper's middle, y down (see view.ts).
 * Unit of t: ms since the drawing's first point.
 */
export type Stroke = { readonly x: readonly number[]; readonly y: readonly number[]; readonly t: readonly number[] }

/** One pointer sample; `time` is event.timeStamp in ms, on the page's clock. */
export type Sample = { x: number; y: number; time: number }

/** `began` is the first point's time on the page's clock; 0 means nothing while there are no strokes. */
export type Sketch = { readonly strokes: readonly Stroke[]; readonly began: number }

export const MAX_POINTS = 20_000 // points in one drawing: src/gribouille/drawing.py refuses more
export const EMPTY: Sketch = { strokes: [], began: 0 }

/** The sketch with a new stroke of one sample; as it was where the paper is full. */
export function begin(sketch: Sketch, sample: Sample): Sketch {
  if (countPoints(sketch) >= MAX_POINTS) return sketch
  const began = sketch.strokes.length === 0 ? sample.time : sketch.began
  return append({ strokes: [...sketch.strokes, { x: [], y: [], t: [] }], began }, [sample])
}

/**
 * The sketch with samples added to `stroke`, its last one; as it was where the paper is full, or that stroke is gone:
 * it may have been taken back while the hand that draws it is still down.
 */
export function extend(sketch: Sketch, stroke: Stroke | undefined, samples: readonly Sample[]): Sketch {
  if (stroke === undefined || stroke !== lastStroke(sketch)) return sketch
  const room = MAX_POINTS - countPoints(sketch)
  return room > 0 && samples.length > 0 ? append(sketch, samples.slice(0, room)) : sketch
}

/** The sketch without its last stroke. */
export function undo(sketch: Sketch): Sketch {
  return sketch.strokes.length > 1 ? { ...sketch, strokes: sketch.strokes.slice(0, -1) } : EMPTY
}

export function lastStroke({ strokes }: Sketch): Stroke | undefined {
  return strokes[strokes.length - 1]
}

export function countPoints({ strokes }: Sketch): number {
  return strokes.reduce((total, { x }) => total + x.length, 0)
}

function append({ strokes, began }: Sketch, samples: readonly Sample[]): Sketch {
  const before = strokes[strokes.length - 1]
  let now = before.t[before.t.length - 1] ?? strokes[strokes.length - 2]?.t.at(-1) ?? 0
  // Coalesced events of several devices have been seen out of order; t never decreases (drawing.py refuses it).
  const times = samples.map(({ time }) => (now = Math.max(now, time - began)))
  const stroke = {
    x: [...before.x, ...samples.map(({ x }) => x)],
    y: [...before.y, ...samples.map(({ y }) => y)],
    t: [...before.t, ...times],
  }
  return { strokes: [...strokes.slice(0, -1), stroke], began }
}
