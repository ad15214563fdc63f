/** The keyboard as a hand: arrow keys move a pen (or an eraser) that Space puts down and lifts. Places in CSS pixels of the paper. */
import { isArrow, moved, stepOf } from './cursor'
import type { Implement } from './implement.svelte'
import type { Sample } from './sketch'
import type { Place } from './touched'
import type { Size } from './view'

/** What it works on; `sampleAt` takes the event's time in ms. */
export type Desk = {
  readonly size: () => Size
  readonly sampleAt: (place: Place, time: number) => Sample
  readonly implement: () => Implement
  readonly changeTool: () => void
}

export class Keyboard {
  /** Where its pen is; null while nobody uses it. */
  cursor: Place | null = $state.raw(null)
  #inUse: Implement | null = $state.raw(null)
  #arrows: ReadonlySet<string> = new Set()
  #repeats = 0
  /** Whether its pen is on the paper; undo and clear lift it too. */
  readonly down: boolean = $derived(this.#inUse?.down ?? false)

  constructor(readonly desk: Desk) {}

  /** Does what a key means; false for a key that means nothing here. */
  press(event: KeyboardEvent): boolean {
    if (event.ctrlKey || event.metaKey || event.altKey) return false
    const key = event.key.toLowerCase()
    if (isArrow(event.key)) this.#step(event)
    else if (key === ' ') event.repeat || this.#turn(event.timeStamp)
    else if (key === 'e') event.repeat || this.#change()
    else if (key === 'escape' && this.down) this.lift()
    else return false
    return true
  }

  release(event: KeyboardEvent): void {
    this.#arrows = new Set([...this.#arrows].filter((arrow) => arrow !== event.key))
  }

  /** Shows where the pen is: where it was last, or in the middle. */
  show(): void {
    const { width, height } = this.desk.size()
    this.cursor ??= { x: width / 2, y: height / 2 }
  }

  lift(): void {
    if (this.down) this.#inUse?.lift()
    this.#inUse = null
  }

  leave(): void {
    this.lift()
    this.#arrows = new Set()
    this.cursor = null
  }

  #step(event: KeyboardEvent): void {
    this.show()
    if (!this.cursor) return
    this.#repeats = event.repeat ? this.#repeats + 1 : 0
    this.#arrows = new Set(this.#arrows).add(event.key)
    this.cursor = moved(this.cursor, stepOf(this.#arrows, this.#repeats, event.shiftKey), this.desk.size())
    if (this.down) this.#inUse?.go([this.desk.sampleAt(this.cursor, event.timeStamp)])
  }

  #turn(time: number): void {
    this.show()
    if (this.down || !this.cursor) return this.lift()
    this.#inUse = this.desk.implement()
    this.#inUse.put(this.desk.sampleAt(this.cursor, time))
  }

  #change(): void {
    this.lift()
    this.show()
    this.desk.changeTool()
  }
}
