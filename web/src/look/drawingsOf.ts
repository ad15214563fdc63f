/** Drawings of one word to compare with: one's own that were kept on the device, and others' where the server shows them. */
import type { Stroke } from '../ink/sketch'
import { fetchOthers } from '../gallery/others'
import { keptDrawings } from '../keep/kept'
import { engine } from '../recognise/engine.svelte'

export type Drawn = { readonly strokes: readonly Stroke[]; readonly own: boolean }

const PATIENCE = 5000 // ms: without them there is still a page

/** At most `count` drawings of a word (its English name), one's own first. Nothing here fails: it may only find fewer. */
export async function drawingsOf(label: string, count: number): Promise<Drawn[]> {
  const [own, others] = await Promise.all([ownOf(label).catch(() => []), othersOf(label).catch(() => [])])
  return [...own, ...others].slice(0, count)
}

async function ownOf(label: string): Promise<Drawn[]> {
  const kept = await keptDrawings()
  return kept.filter(({ word }) => word === label).map(({ strokes }) => ({ strokes, own: true }))
}

async function othersOf(label: string): Promise<Drawn[]> {
  if (engine.card?.drawings !== true) return []
  const others = await fetchOthers(label, 0, AbortSignal.timeout(PATIENCE))
  return others.map(({ strokes }) => ({ strokes, own: false }))
}
