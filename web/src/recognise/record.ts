/**
 * Leaves a performance.measure for benchmarks to read (benchmarks/page.py); times in ms on performance.now()'s clock.
 *
 * The browser keeps measures for ever, and a page may stay open all day: after KEPT of a name they begin anew.
 */
export type Measure = 'guess' | 'answer' | 'ready' | 'full'

const KEPT = 5000

const recorded: Record<Measure, number> = { guess: 0, answer: 0, ready: 0, full: 0 }

export function record(name: Measure, start: number, end: number): void {
  if (++recorded[name] % KEPT === 0) performance.clearMeasures(name)
  performance.measure(name, { start, end })
}
