/**
 * A match as a value, and its transitions: (pass the device) → ready → drawing → over → … → results.
 *
 * Nothing here waits: whoever holds a match gives `now` (ms, any clock that does not go back) with every transition and calls
 * `tick` now and then. A turn is one word for one player; players take turns. A transition that does not fit the phase
 * leaves the match as it is.
 */
import type { Sketch } from '../ink/sketch'
import type { Answered, Guess } from '../recognise/guess'
import { HOLD, isCertain } from './certainty'
import { elapsed, going, startedAt, stopped, type Clock } from './clock'

export const READY = 3_000 // ms to read the word: three, two, one

export type Outcome = 'found' | 'timeUp' | 'skipped'
/** What was on the paper when a turn ended, and what the computer thought of it. */
export type Drawn = Answered & { readonly sketch: Sketch }
/** A turn that is done; `time` in ms of drawing, pauses not counted; for `found` until the word was certain. */
export type Turn = Drawn & { readonly player: number; readonly word: string; readonly outcome: Outcome; readonly time: number }

export type Phase =
  /** The device goes to the player whose turn it is. */
  | { readonly name: 'pass' }
  /** The word is shown; `clock` counts towards READY, where there is a clock at all. */
  | { readonly name: 'ready'; readonly clock: Clock }
  /** `certain`: the time on the clock at which the word became certain, null while it is not. */
  | { readonly name: 'drawing'; readonly clock: Clock; readonly certain: number | null }
  /** The word is found or the time is up; the drawing may be finished. */
  | { readonly name: 'over'; readonly outcome: Outcome; readonly time: number }
  | { readonly name: 'results' }

/** `words` has one for each turn; `seconds` for each drawing, null in the relaxed mode without a clock. */
export type Rules = { readonly players: readonly string[]; readonly words: readonly string[]; readonly seconds: number | null }
export type Match = Rules & { readonly turns: readonly Turn[]; readonly phase: Phase }

/** A match at its first word. Throws RangeError unless every player gets equally many words, at least one. */
export function begun({ players, words, seconds }: Rules, now: number): Match {
  if (players.length === 0 || words.length === 0 || words.length % players.length !== 0) {
    throw new RangeError(`expected as many words for each player, found ${words.length} for ${players.length}`)
  }
  return toNextTurn({ players, words, seconds, turns: [], phase: { name: 'results' } }, now)
}

/** The word of the turn that is on; the last one's in the results. */
export function wordOf({ words, turns }: Match): string {
  return words[Math.min(turns.length, words.length - 1)]
}

/** Whose turn it is, from 0. */
export function playerOf({ players, turns }: Match): number {
  return turns.length % players.length
}

/** Which of its words the player is at, from 1, and how many there are for each. */
export function roundOf({ players, words, turns }: Match): { round: number; of: number } {
  const of = words.length / players.length
  return { round: Math.min(Math.floor(turns.length / players.length) + 1, of), of }
}

/** What remains of the time to draw, in ms; null in the relaxed mode and outside of drawing. */
export function remaining({ phase, seconds }: Match, now: number): number | null {
  return phase.name === 'drawing' && seconds !== null ? Math.max(0, 1000 * seconds - elapsed(phase.clock, now)) : null
}

/** What remains of the time to get ready, in ms; null in the relaxed mode, which waits for the player. */
export function readyIn({ phase, seconds }: Match, now: number): number | null {
  return phase.name === 'ready' && seconds !== null ? Math.max(0, READY - elapsed(phase.clock, now)) : null
}

/** The player has taken the device: the word is shown. */
export function takeOver(match: Match, now: number): Match {
  return match.phase.name === 'pass' ? { ...match, phase: { name: 'ready', clock: startedAt(now) } } : match
}

/** Drawing begins, at once. */
export function start(match: Match, now: number): Match {
  return match.phase.name === 'ready' ? { ...match, phase: { name: 'drawing', clock: startedAt(now), certain: null } } : match
}

/** The guesses have changed: the word has become certain, or is so no longer. */
export function see(match: Match, guesses: readonly Guess[], now: number): Match {
  const timely = tick(match, now) // what has been certain for long enough stays found
  const { phase } = timely
  if (phase.name !== 'drawing' || phase.clock.since === null) return timely
  const certain = isCertain(wordOf(timely), guesses) ? (phase.certain ?? elapsed(phase.clock, now)) : null
  return certain === phase.certain ? timely : { ...timely, phase: { ...phase, certain } }
}

/** Time has passed. */
export function tick(match: Match, now: number): Match {
  const { phase, seconds } = match
  if (phase.name === 'ready') return readyIn(match, now) === 0 ? start(match, now) : match
  if (phase.name !== 'drawing') return match
  const time = elapsed(phase.clock, now)
  const end = seconds === null ? Infinity : 1000 * seconds
  // Certain just before the end counts: nobody loses by the moment that certainty is held.
  if (phase.certain !== null && phase.certain < end) {
    return time >= Math.min(phase.certain + HOLD, end) ? over(match, 'found', phase.certain) : match
  }
  return time >= end ? over(match, 'timeUp', end) : match
}

/** The word is given up and the next turn begins, unless the turn was over already. */
export function skip(match: Match, drawn: Drawn, now: number): Match {
  const timely = tick(match, now)
  const { phase } = timely
  if (phase.name === 'ready') return next(over(timely, 'skipped', 0), drawn, now)
  return phase.name === 'drawing' ? next(over(timely, 'skipped', elapsed(phase.clock, now)), drawn, now) : timely
}

/** The turn that is over is put down as it was drawn; the next one begins, or the results. */
export function next(match: Match, drawn: Drawn, now: number): Match {
  const { phase } = match
  if (phase.name !== 'over') return match
  const turn: Turn = { ...drawn, player: playerOf(match), word: wordOf(match), outcome: phase.outcome, time: phase.time }
  return toNextTurn({ ...match, turns: [...match.turns, turn] }, now)
}

/** Nobody wants to go on: the results of what has been played, with the drawing under way where there is one. */
export function stop(match: Match, drawn: Drawn, now: number): Match {
  const played = drawn.sketch.strokes.length > 0 ? skip(match, drawn, now) : match
  return { ...played, phase: { name: 'results' } }
}

/** The clock stands still: nobody is looking. */
export function pause(match: Match, now: number): Match {
  return withClock(tick(match, now), (clock) => stopped(clock, now))
}

export function resume(match: Match, now: number): Match {
  return withClock(match, (clock) => going(clock, now))
}

export function isPaused({ phase }: Match): boolean {
  return 'clock' in phase && phase.clock.since === null
}

function withClock(match: Match, change: (clock: Clock) => Clock): Match {
  const { phase } = match
  if (!('clock' in phase)) return match
  const clock = change(phase.clock)
  return clock === phase.clock ? match : { ...match, phase: { ...phase, clock } }
}

function over(match: Match, outcome: Outcome, time: number): Match {
  return { ...match, phase: { name: 'over', outcome, time } }
}

function toNextTurn(match: Match, now: number): Match {
  if (match.turns.length === match.words.length) return { ...match, phase: { name: 'results' } }
  return { ...match, phase: match.players.length > 1 ? { name: 'pass' } : { name: 'ready', clock: startedAt(now) } }
}
