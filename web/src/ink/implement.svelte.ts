/**
 * What a hand, or the keyboard, holds over a pad: a pen that draws a stroke, an eraser that rubs strokes out.
 * In come samples in sketch units.
 */
import { settings } from '../app/settings.svelte'
import type { Pad } from '../draw/pad.svelte'
import { begin, extend, lastStroke, without, type Inked, type Sample } from './sketch'
import { touched, type Place } from './touched'

export interface Implement {
  /** Whether it is on the paper. */
  readonly down: boolean
  put(sample: Sample): void
  go(samples: readonly Sample[]): void
  lift(): void
  /** Lifted as though it had never been put down. */
  drop(): void
}

export class InkPen implements Implement {
  #held: Inked | undefined // the stroke as it last was; undo and clear may have taken it away since
  constructor(readonly pad: Pad) {}

  get down(): boolean {
    return this.pad.drawing
  }

  put(sample: Sample): void {
    const next = begin(this.pad.sketch, sample, settings.pen)
    this.#held = next === this.pad.sketch ? undefined : lastStroke(next)
    if (this.#held) this.pad.begin(next, sample.time)
  }

  go(samples: readonly Sample[]): void {
    const next = extend(this.pad.sketch, this.#held, samples)
    if (next === this.pad.sketch) return
    this.#held = lastStroke(next)
    this.pad.grow(next, samples[samples.length - 1].time)
  }

  lift(): void {
    this.#held = undefined
    this.pad.end()
  }

  drop(): void {
    if (this.#held && this.#held === lastStroke(this.pad.sketch)) this.pad.drop()
    this.lift()
  }
}

export const ERASER = 11 // sketch units from its middle to its rim
const NONE: ReadonlySet<Inked> = new Set()

export class Eraser implements Implement {
  /** The strokes touched so far: they go when it is lifted, all in one step. */
  doomed: ReadonlySet<Inked> = $state.raw(NONE)
  #at: Place | null = $state.raw(null)
  constructor(readonly pad: Pad) {}

  get down(): boolean {
    return this.#at !== null
  }

  put(sample: Sample): void {
    this.#at = sample
    this.go([sample])
  }

  go(samples: readonly Sample[]): void {
    if (!this.#at) return
    const found = new Set(this.doomed)
    for (const sample of samples) {
      const left = this.pad.sketch.strokes.filter((stroke) => !found.has(stroke))
      for (const stroke of touched(left, this.#at, sample, ERASER)) found.add(stroke)
      this.#at = sample
    }
    if (found.size > this.doomed.size) this.doomed = found
  }

  lift(): void {
    const gone = this.doomed
    this.drop()
    this.pad.replace(without(this.pad.sketch, gone))
  }

  drop(): void {
    this.#at = null
    this.doomed = NONE
  }
}
