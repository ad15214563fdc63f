import { describe, expect, it } from 'vitest'
import { EMPTY, PEN } from '../ink/sketch'
import { HOLD } from './certainty'
import {
  begun, isPaused, next, pause, playerOf, READY, readyIn, remaining, resume, roundOf, see, skip, start, stop, takeOver, tick, wordOf,
  type Match,
} from './match'
import { ranking, scoreOf, winnerOf } from './score'

const NOTHING = { sketch: EMPTY, guesses: [], model: '' }
const sure = (label: string) => [{ label, probability: 0.8 }, { label: 'line', probability: 0.1 }]
const alone = (words: string[], seconds: number | null = 20): Match => begun({ players: [''], words, seconds }, 0)

function random(seed: number): () => number {
  let state = seed + 1
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

describe('a turn', () => {
  it('gets ready for three seconds, which can be cut short', () => {
    const match = alone(['cat'])
    expect(readyIn(match, 1000)).toBe(READY - 1000)
    expect(tick(match, READY - 1).phase.name).toBe('ready')
    expect(tick(match, READY).phase.name).toBe('drawing')
    expect(remaining(start(match, 500), 1500)).toBe(19_000)
  })

  it('is found once its word has been certain for a moment, at the time at which it became certain', () => {
    const drawing = see(start(alone(['cat']), 0), sure('cat'), 5000)
    expect(tick(drawing, 5000 + HOLD - 1).phase.name).toBe('drawing')
    expect(tick(drawing, 5000 + HOLD).phase).toEqual({ name: 'over', outcome: 'found', time: 5000 })
  })

  it('is not found by a flicker, by another word, or by one that is merely first', () => {
    const drawing = start(alone(['cat']), 0)
    const flickered = see(see(drawing, sure('cat'), 5000), sure('dog'), 5000 + HOLD - 1)
    const first = see(drawing, [{ label: 'cat', probability: 0.49 }, { label: 'dog', probability: 0.2 }], 5000)
    for (const match of [flickered, first, see(drawing, [], 5000)]) expect(tick(match, 19_999).phase.name).toBe('drawing')
  })

  it('stays found when the answer that ends the certainty comes after the moment', () => {
    const drawing = see(start(alone(['cat']), 0), sure('cat'), 5000)
    expect(see(drawing, sure('dog'), 5000 + HOLD).phase).toMatchObject({ outcome: 'found' })
  })

  it('ends with its time, and a word that became certain before counts', () => {
    const drawing = start(alone(['cat']), 0)
    expect(tick(drawing, 19_999).phase.name).toBe('drawing')
    expect(tick(drawing, 25_000).phase).toEqual({ name: 'over', outcome: 'timeUp', time: 20_000 })
    expect(tick(see(drawing, sure('cat'), 19_990), 20_000).phase).toMatchObject({ outcome: 'found', time: 19_990 })
    expect(see(drawing, sure('cat'), 20_001).phase).toMatchObject({ outcome: 'timeUp' })
  })

  it('never ends by itself in the relaxed mode, nor begins', () => {
    const match = alone(['cat'], null)
    expect(tick(match, 1e9).phase.name).toBe('ready')
    const drawing = start(match, 0)
    expect(remaining(drawing, 1e9)).toBeNull()
    expect(tick(drawing, 1e9).phase.name).toBe('drawing')
    expect(tick(see(drawing, sure('cat'), 1e9), 1e9 + HOLD).phase).toMatchObject({ outcome: 'found', time: 1e9 })
  })

  it('does not count a pause', () => {
    const paused = pause(start(alone(['cat']), 0), 5000)
    expect(isPaused(paused)).toBe(true)
    expect(tick(paused, 1e6)).toBe(paused)
    expect(see(paused, sure('cat'), 1e6)).toBe(paused)
    expect(remaining(resume(paused, 1e6), 1e6 + 1000)).toBe(14_000)
    expect(pause(paused, 6000)).toBe(paused)
  })

  it('can be skipped before it is over, and not after', () => {
    const skipped = skip(start(alone(['cat', 'dog']), 0), NOTHING, 700)
    expect(skipped.turns[0]).toMatchObject({ word: 'cat', outcome: 'skipped', time: 700 })
    expect(wordOf(skipped)).toBe('dog')
    const over = tick(start(alone(['cat']), 0), 20_000)
    expect(skip(over, NOTHING, 21_000)).toBe(over)
  })
})

describe('a match', () => {
  it('passes the device between two players, who get equally many words in turns', () => {
    let match = begun({ players: ['Ada', 'Bo'], words: ['cat', 'dog', 'sun', 'bed'], seconds: 20 }, 0)
    const seen: [number, number][] = []
    for (let turn = 0; turn < 4; turn++) {
      expect(match.phase.name).toBe('pass')
      seen.push([playerOf(match), roundOf(match).round])
      match = skip(takeOver(match, turn), NOTHING, turn)
    }
    expect(seen).toEqual([[0, 1], [1, 1], [0, 2], [1, 2]])
    expect(match.phase.name).toBe('results')
  })

  it('refuses words that cannot be shared out', () => {
    expect(() => begun({ players: ['Ada', 'Bo'], words: ['cat'], seconds: 20 }, 0)).toThrow(RangeError)
    expect(() => alone([])).toThrow(RangeError)
  })

  it('can be stopped, and then shows what was played', () => {
    const playing = start(skip(alone(['cat', 'dog', 'sun']), NOTHING, 0), 0)
    const stroke = { x: [0], y: [0], t: [0], pen: PEN }
    const stopped = [NOTHING, { sketch: { strokes: [stroke], began: 0 }, guesses: [], model: '' }].map((drawn) => stop(playing, drawn, 500))
    expect(stopped.map(({ phase, turns }) => [phase.name, turns.length])).toEqual([['results', 1], ['results', 2]])
  })

  it('ranks by words found, then by time, and knows a draw', () => {
    const turn = (player: number, outcome: 'found' | 'timeUp', time: number) => ({ ...NOTHING, player, word: 'cat', outcome, time })
    const match = (turns: Match['turns']): Match => ({ ...begun({ players: ['Ada', 'Bo'], words: ['cat', 'dog'], seconds: 20 }, 0), turns })
    expect(winnerOf(match([turn(0, 'found', 9000), turn(1, 'found', 8000)]))).toBe(1)
    expect(winnerOf(match([turn(0, 'found', 9000), turn(1, 'timeUp', 1000)]))).toBe(0)
    expect(winnerOf(match([turn(0, 'timeUp', 9000), turn(1, 'timeUp', 1000)]))).toBeNull()
    expect(winnerOf({ ...match([turn(0, 'found', 9000)]), players: [''] })).toBeNull()
  })

  it('ends, adds up and shows no word twice, whatever anybody does in whatever order (500 random matches)', () => {
    for (let seed = 0; seed < 500; seed++) {
      const roll = random(seed)
      const players = roll() < 0.5 ? [''] : ['Ada', 'Bo']
      const words = Array.from({ length: players.length * (1 + Math.floor(roll() * 5)) }, (_, index) => `word ${index}`)
      const seconds = [10, 20, null][Math.floor(roll() * 3)]
      let now = 0
      let match = begun({ players, words, seconds }, now)
      const guesses = () => (roll() < 0.5 ? sure(wordOf(match)) : sure('another'))
      const moves: (() => Match)[] = [
        () => tick(match, now), () => tick(match, now), () => see(match, guesses(), now), () => start(match, now),
        () => takeOver(match, now), () => next(match, NOTHING, now), () => pause(match, now), () => resume(match, now),
        () => (roll() < 0.1 ? skip(match, NOTHING, now) : match),
      ]
      let steps = 0
      while (match.phase.name !== 'results' && steps++ < 5000) {
        now += Math.floor(roll() * 900)
        const before = match
        match = moves[Math.floor(roll() * moves.length)]()
        expect(match.turns.length - before.turns.length).toBeLessThanOrEqual(1)
        if (before.turns.length < match.turns.length) expect(match.turns.at(-1)?.player).toBe((match.turns.length - 1) % players.length)
      }
      expect(match.phase.name).toBe('results')
      expect(match.turns.map(({ word }) => word)).toEqual(words)
      for (const { time, outcome } of match.turns) {
        expect(time).toBeGreaterThanOrEqual(0)
        if (seconds !== null) expect(time).toBeLessThanOrEqual(1000 * seconds)
        if (outcome === 'timeUp') expect(time).toBe(1000 * (seconds ?? NaN))
      }
      const found = ranking(match).reduce((total, score) => total + score.found, 0)
      expect(found).toBe(match.turns.filter(({ outcome }) => outcome === 'found').length)
      for (const player of players.keys()) expect(scoreOf(match, player).of).toBe(words.length / players.length)
    }
  })
})
