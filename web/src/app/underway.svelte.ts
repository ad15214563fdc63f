/** What a reload would destroy: a match that is on. Whoever wants to reload the page waits for its end. */
class Underway {
  match: boolean = $state(false)
  #after: (() => void) | null = null

  set(match: boolean): void {
    this.match = match
    if (match) return
    this.#after?.()
    this.#after = null
  }

  /** Calls back once nothing is under way: at once where nothing is. */
  over(then: () => void): void {
    if (this.match) this.#after = then
    else then()
  }
}

export const underway = new Underway()
