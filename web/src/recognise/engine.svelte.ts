/** The one recogniser of the page, and what a person may know about it: whether it is ready, who guesses, what is wrong. */
import type { Stroke } from '../ink/sketch'
import { fetchCard, frenchOf, type Card } from './card'
import type { Guess } from './guess'
import { record } from './record'
import { openRecogniser, type AtWork, type Where } from './recogniser'

class Engine {
  stage: 'loading' | 'ready' | 'failed' = $state('loading')
  where: Where = $state('device')
  /** Why the device is not at work, in its own words. */
  reason: string | null = $state(null)
  card: Card | null = $state.raw(null)
  /** The hash of the model that answers: the card's, or for a while that of the smaller one. Empty before any does. */
  model: string = $state('')
  /** The error for which nothing can be recognised at all. */
  trouble: unknown = $state.raw(null)
  readonly labels: readonly string[] = $derived(this.card?.labels ?? [])
  readonly french: ReadonlyMap<string, string> = $derived(this.card ? frenchOf(this.card) : new Map())

  /** Fulfilled when the card's model is at work: nothing more needs to be fetched for guessing. */
  readonly settled: Promise<void>
  #settle: () => void = () => {}
  #recognise: Awaited<ReturnType<typeof openRecogniser>> | null = null

  constructor() {
    this.settled = new Promise((settle) => (this.#settle = settle))
  }

  /** Fetches and opens what recognising needs; may be called again after it failed. */
  async start(): Promise<void> {
    this.stage = 'loading'
    this.trouble = null
    try {
      this.card = await fetchCard(new URL('api/v1/model', document.baseURI))
      this.#recognise = await openRecogniser(this.card, (now) => this.#change(now))
      this.stage = 'ready'
      record('ready', 0, performance.now())
    } catch (error) {
      this.stage = 'failed'
      this.trouble = error
    }
  }

  #change({ last, ...now }: AtWork): void {
    Object.assign(this, now)
    if (now.model === this.card?.sha256) record('full', 0, performance.now())
    if (last) this.#settle()
  }

  /** Guesses, best first; null for strokes that newer ones overtook, or before the recogniser is ready. Throws as it does. */
  async ask(strokes: readonly Stroke[]): Promise<Guess[] | null> {
    return this.#recognise ? this.#recognise(strokes) : null
  }
}

export const engine = new Engine()
