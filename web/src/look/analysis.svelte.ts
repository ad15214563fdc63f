/** What the computer thought of a drawing while it grew, and what each stroke does to the guess, as far as it is known yet. */
import type { Stroke } from '../ink/sketch'
import { upTo } from '../ink/upTo'
import { engine } from '../recognise/engine.svelte'
import type { Guess } from '../recognise/guess'
import { influenceOf, suspects, type Influence } from './influence'
import { momentsOf } from './moments'
import type { Thought } from './story'

const MOMENTS = 24

export class Analysis {
  thoughts: readonly Thought[] = $state.raw([])
  influences: readonly Influence[] = $state.raw([])
  /** The whole drawing has been answered. */
  complete: boolean = $state(false)
  /** Every stroke has been weighed besides. */
  finished: boolean = $state(false)
  /** The error for which there is no answer. */
  trouble: unknown = $state.raw(null)

  forget(): void {
    ;[this.thoughts, this.influences] = [[], []]
    this.complete = this.finished = false
    this.trouble = null
  }

  /** Asks one question after the other, all in the worker, until all is known or `over` is aborted. */
  async run(strokes: readonly Stroke[], over: AbortSignal): Promise<void> {
    this.forget()
    try {
      for (const moment of momentsOf(strokes, MOMENTS)) {
        const guesses = await answered(upTo(strokes, moment), over)
        if (!guesses) return
        this.thoughts = [...this.thoughts, { moment, guesses }]
      }
      this.complete = true
      await this.#weigh(strokes, over)
    } catch (error) {
      if (!over.aborted) this.trouble = error
    }
  }

  async #weigh(strokes: readonly Stroke[], over: AbortSignal): Promise<void> {
    const whole = this.thoughts.at(-1)?.guesses ?? []
    for (const stroke of suspects(strokes)) {
      const less = await answered(strokes.filter((_, index) => index !== stroke), over)
      if (!less) return
      this.influences = [...this.influences, influenceOf(stroke, whole, less)]
    }
    this.finished = true
  }
}

/** The guesses for strokes, asked again where a newer question overtook this one; null once nobody wants them. */
export async function answered(strokes: readonly Stroke[], over: AbortSignal): Promise<Guess[] | null> {
  while (!over.aborted) {
    const guesses = await engine.ask(strokes)
    if (over.aborted) return null
    if (guesses && guesses.length > 0) return guesses
    await new Promise((resolve) => setTimeout(resolve)) // lets the one that overtook it have its answer
  }
  return null
}
