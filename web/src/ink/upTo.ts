/** The strokes as they stood at a moment, in ms since the first point: for replays and for guesses over time. */
import type { Stroke } from './sketch'

/** Strokes with their points up to `moment`, that one included; strokes that had not begun are left out. */
export function upTo<Kind extends Stroke>(strokes: readonly Kind[], moment: number): Kind[] {
  return strokes
    .filter(({ t }) => t[0] <= moment)
    .map((stroke) => {
      const end = stroke.t.findIndex((time) => time > moment)
      return end < 0 ? stroke : { ...stroke, x: stroke.x.slice(0, end), y: stroke.y.slice(0, end), t: stroke.t.slice(0, end) }
    })
}

/** When the last point was drawn, in ms since the first; 0 for no strokes. */
export function lasting(strokes: readonly Stroke[]): number {
  return strokes.reduce((latest, { t }) => Math.max(latest, t.at(-1) ?? 0), 0)
}
