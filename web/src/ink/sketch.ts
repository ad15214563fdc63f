/**
 * What has been drawn, and its transitions. Nothing here is ever changed in place.
 *
 * Unit of x and y: one CSS pixel of the paper at its natural scale, the origin in the paper's middle, y down (see view.ts).
 * Unit of t: ms since the drawing's first point. Colour, width and pressure are for the eye only: the recogniser reads x, y, t.
 */
export const COLOURS = ['ink', 'red', 'orange', 'green', 'blue', 'violet', 'brown', 'grey'] as const
export const WIDTHS = [4, 7, 14] as const // sketch units, of a pen that rests: fine, medium, broad

export type Colour = (typeof COLOURS)[number]
/** What a stroke is drawn with; `width` in sketch units. */
export type Pen = { readonly colour: Colour; readonly width: number }
export const PEN: Pen = { colour: 'ink', width: 7 }

/** What recognising, storing and sending know of a stroke. */
export type Stroke = { readonly x: readonly number[]; readonly y: readonly number[]; readonly t: readonly number[] }
/** A stroke as it looks on the paper; `pressure` (0…1, one a point) only where the device measures it. */
export type Inked = Stroke & { readonly pen: Pen; readonly pressure?: readonly number[] }

/** One pointer sample; `time` is event.timeStamp in ms, on the page's clock; `pressure` null where nothing measures it. */
export type Sample = { readonly x: number; readonly y: number; readonly time: number; readonly pressure: number | null }

/** `began` is the first point's time on the page's clock; 0 means nothing while there are no strokes. */
export type Sketch = { readonly strokes: readonly Inked[]; readonly began: number }

export const MAX_POINTS = 20_000 // points in one drawing: src/gribouille/drawing.py refuses more
export const EMPTY: Sketch = { strokes: [], began: 0 }

/** The sketch with a new stroke of one sample; as it was where the paper is full. */
export function begin(sketch: Sketch, sample: Sample, pen: Pen = PEN): Sketch {
  if (countPoints(sketch) >= MAX_POINTS) return sketch
  const began = sketch.strokes.length === 0 ? sample.time : sketch.began
  const bare: Inked = { x: [], y: [], t: [], pen, ...(sample.pressure === null ? {} : { pressure: [] }) }
  return append({ strokes: [...sketch.strokes, bare], began }, [sample])
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

/** The sketch without the strokes given; the same one where none of them is in it. */
export function without(sketch: Sketch, gone: ReadonlySet<Stroke>): Sketch {
  const strokes = sketch.strokes.filter((stroke) => !gone.has(stroke))
  if (strokes.length === sketch.strokes.length) return sketch
  return strokes.length === 0 ? EMPTY : { ...sketch, strokes }
}

export function lastStroke({ strokes }: Sketch): Inked | undefined {
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
  const stroke: Inked = {
    ...before,
    x: [...before.x, ...samples.map(({ x }) => x)],
    y: [...before.y, ...samples.map(({ y }) => y)],
    t: [...before.t, ...times],
    ...(before.pressure ? { pressure: [...before.pressure, ...samples.map(({ pressure }) => pressure ?? 0.5)] } : {}),
  }
  return { strokes: [...strokes.slice(0, -1), stroke], began }
}
