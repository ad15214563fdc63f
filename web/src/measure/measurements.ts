/** Times what this device does: guesses, and strokes that a hand of ours draws on a pad. All in ms. */
import type { Pad } from '../draw/pad.svelte'
import { begin, EMPTY, extend, lastStroke, type Sample, type Stroke } from '../ink/sketch'
import { engine } from '../recognise/engine.svelte'
import { scribble } from './scribble'
import { spreadOf, type Spread } from './spread'

export const GUESSES = 200
const DRAWINGS = 3 // drawn at a hand's pace: about three seconds each
const LONG = 'longtask'

/** `longest`: of the page's pauses while drawing, 0 where none reached 50 ms, null where the browser does not tell. */
export type Measurements = {
  readonly ready: number | null
  readonly full: number | null
  readonly guess: Spread | null
  readonly bars: Spread | null
  readonly longest: number | null
}

/** Measures with `pad`, which should be on the screen; `progress` hears the part that is done, 0…1. */
export async function measure(pad: Pad, progress: (part: number) => void): Promise<Measurements> {
  const guess = spreadOf(await timedGuesses((part) => progress(part / 2)))
  const long = watchPauses()
  const bars = spreadOf(await timedStrokes(pad, (part) => progress((1 + part) / 2)))
  return { ready: sinceStart('ready'), full: sinceStart('full'), guess, bars, longest: long() }
}

/** When the page was first able to guess, since it began to load; null where that is not known. */
function sinceStart(name: string): number | null {
  return performance.getEntriesByName(name, 'measure')[0]?.duration ?? null
}

async function timedGuesses(progress: (part: number) => void): Promise<number[]> {
  const durations: number[] = []
  for (let number = 0; number < GUESSES; number++) {
    const strokes = scribble(number).map(strokeOf)
    const start = performance.now()
    await engine.ask(strokes)
    durations.push(performance.now() - start)
    progress((number + 1) / GUESSES)
  }
  return durations
}

function strokeOf(samples: readonly Sample[]): Stroke {
  return { x: samples.map(({ x }) => x), y: samples.map(({ y }) => y), t: samples.map(({ time }) => time) }
}

/** Draws on the pad, sample by sample, and gathers the page's own measures of how long the bars took. */
async function timedStrokes(pad: Pad, progress: (part: number) => void): Promise<number[]> {
  performance.clearMeasures('guess')
  for (let number = 0; number < DRAWINGS; number++) {
    pad.replace(EMPTY)
    const start = performance.now()
    for (const samples of scribble(number)) {
      for (const [index, sample] of samples.entries()) {
        await until(start + sample.time)
        const now = { ...sample, time: performance.now() }
        if (index === 0) pad.begin(begin(pad.sketch, now), now.time)
        else pad.grow(extend(pad.sketch, lastStroke(pad.sketch), [now]), now.time)
      }
    }
    progress((number + 1) / DRAWINGS)
  }
  await until(performance.now() + 300) // the last bars
  return performance.getEntriesByName('guess', 'measure').map(({ duration }) => duration)
}

function until(moment: number): Promise<void> {
  return new Promise((reached) => setTimeout(reached, moment - performance.now()))
}

/** Watches from now on; the function returned ends it, and tells the longest pause. */
function watchPauses(): () => number | null {
  if (!PerformanceObserver.supportedEntryTypes.includes(LONG)) return () => null
  let longest = 0
  const look = (entries: PerformanceEntryList): void => void (longest = Math.max(longest, ...entries.map(({ duration }) => duration)))
  const observer = new PerformanceObserver((list) => look(list.getEntries()))
  observer.observe({ type: LONG })
  return () => {
    look(observer.takeRecords())
    observer.disconnect()
    return longest
  }
}
