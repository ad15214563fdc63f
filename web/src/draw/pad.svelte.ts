/** A sheet that somebody draws on, and the guesses for what is on it: what the free drawing and a round of the game share. */
import { tick } from 'svelte'
import { measureGuess } from '../guess/measureGuess'
import { grow, redo, START, step, undo, type History } from '../ink/history'
import { countPoints, EMPTY, MAX_POINTS, type Sketch } from '../ink/sketch'
import { toneOf, type Tone } from '../guess/tone'
import { StrokesError } from '../recognise/canonical'
import { engine } from '../recognise/engine.svelte'
import type { Answered } from '../recognise/guess'

/** Guesses, and the number of points of the drawing that they answer. */
export type Shown = Answered & { readonly points: number }
const NOTHING: Shown = { guesses: [], points: 0, model: '' }
export type Tool = 'pen' | 'eraser'

export class Pad {
  shown: Shown = $state.raw(NOTHING)
  /** The error for which the drawing has no answer. */
  trouble: unknown = $state.raw(null)
  /** The last word of which this drawing was certain; it stays while the drawing goes on, so that the moment comes once. */
  certain: string | null = $state(null)
  /** What the hand holds. */
  tool: Tool = $state('pen')
  /** Whether a stroke is under the hand; it is the sketch's last one. */
  drawing: boolean = $state(false)
  #history: History = $state.raw(START)
  #before: History = START // as it was when the stroke under the hand began
  #sheet = 0 // goes up with every undo and clear: answers to what is no longer there are dropped

  readonly sketch: Sketch = $derived(this.#history.present)
  /** How firmly the best guess may be put. */
  readonly tone: Tone = $derived(toneOf(this.shown.guesses, this.sketch.strokes))
  readonly empty: boolean = $derived(this.sketch.strokes.length === 0)
  readonly full: boolean = $derived(countPoints(this.sketch) >= MAX_POINTS)
  readonly canUndo: boolean = $derived(this.#history.past.length > 0)
  readonly canRedo: boolean = $derived(this.#history.future.length > 0)
  /** A fault of the drawing, which trying again does not mend. */
  readonly refused: boolean = $derived(this.trouble instanceof StrokesError)
  readonly failing: boolean = $derived(this.trouble !== null && !this.refused)

  /** A stroke begins: a step that undo takes back. `time` is that of the event, for measuring. */
  begin(next: Sketch, time: number): void {
    this.drawing = true
    this.#before = this.#history
    this.#history = step(this.#history, next)
    void this.ask(time)
  }

  /** The stroke under the hand grows. */
  grow(next: Sketch, time: number): void {
    this.#history = grow(this.#history, next)
    void this.ask(time)
  }

  /** The hand is lifted. */
  end(): void {
    this.drawing = false
  }

  /** The stroke under the hand was none, but a gesture's first finger: all is as it was before it, what may be redone too. */
  drop(): void {
    if (this.drawing) this.#turn(this.#before)
  }

  /** Another drawing takes the place of this one, by a step that undo takes back: strokes rubbed out, a drawing put in. */
  replace(next: Sketch): void {
    this.#turn(step(this.#history, next))
  }

  clear(): void {
    this.replace(EMPTY)
  }

  undo(): void {
    this.#turn(undo(this.#history))
  }

  redo(): void {
    this.#turn(redo(this.#history))
  }

  /** Asks for guesses of the sketch as it is. */
  async ask(time: number = performance.now()): Promise<void> {
    if (this.empty) return
    const asked = { sheet: this.#sheet, strokes: this.sketch.strokes, points: countPoints(this.sketch) }
    try {
      const guesses = await engine.ask(asked.strokes)
      if (!guesses || asked.sheet !== this.#sheet) return
      this.shown = { guesses, points: asked.points, model: engine.model }
      this.trouble = null
      if (this.tone === 'sure') this.certain = guesses[0].label
      await tick()
      measureGuess(time)
    } catch (error) {
      if (asked.sheet === this.#sheet) this.trouble = error
    }
  }

  #turn(history: History): void {
    if (history === this.#history || history.present === this.sketch) return
    this.#sheet += 1
    this.#history = history
    this.drawing = false
    this.trouble = null
    if (this.empty) [this.shown, this.certain] = [NOTHING, null]
    else void this.ask()
  }
}

/** The free drawing, kept while one looks at other screens. */
export const freePad = new Pad()
