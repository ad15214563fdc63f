/**
 * The game of this page as state: how one wants to play, the match that is on with the paper of its turn, and the records.
 *
 * It outlives the screen: a match that somebody leaves stands still, and goes on when they come back. The rules are in match.ts.
 */
import { settings } from '../app/settings.svelte'
import { onOtherTab, recall, remember } from '../app/storage'
import { underway } from '../app/underway.svelte'
import { Pad } from '../draw/pad.svelte'
import { drawnNow, keep } from '../keep/kept'
import { itWas } from '../keep/said'
import { engine } from '../recognise/engine.svelte'
import { chooseWords } from './chooseWords'
import { commentOn, type Comment } from './commentary'
import * as rules from './match'
import type { Drawn, Match, Turn } from './match'
import { listsOf, OPTIONS, optionsOf, type Options, type SavedList } from './options'
import { NO_NEWS, NO_RECORDS, withMatch, type News, type Records } from './records'
import { wordsOf } from './wordLists'

type Move = (match: Match, now: number) => Match

class Game {
  options: Options = $state.raw(optionsOf(recall('game', {})))
  lists: readonly SavedList[] = $state.raw(listsOf(recall<unknown>('gameLists', [])))
  /** The match that is on, or whose results are shown. */
  match: Match | null = $state.raw(null)
  /** The paper of the turn that is on. */
  pad: Pad = $state.raw(new Pad())
  /** ms on the clock of performance.now(), as of the last move. */
  now: number = $state(performance.now())
  /** What the computer saw when the turn's time ended; what is drawn after that changes nothing. */
  saw: Comment = $state.raw({ kind: 'nothing' })
  /** What the last match has beaten. */
  news: News = $state.raw(NO_NEWS)
  records: Records = $state.raw(recordsNow())

  #pool: readonly string[] = []

  choose(change: Partial<Options>): void {
    this.options = optionsOf({ ...OPTIONS, ...this.options, ...change })
    remember('game', this.options)
  }

  save(lists: readonly SavedList[]): void {
    this.lists = lists
    remember('gameLists', lists)
  }

  /** A new match with words of a pool (labels), which has enough of them for every player. */
  begin(pool: readonly string[], players: readonly string[]): void {
    this.#pool = pool
    const { rounds, seconds } = this.options
    const words = chooseWords(pool, { players: players.length, rounds }, engine.card?.accuracies ?? {}, Math.random)
    const now = performance.now()
    this.now = now
    this.pad = new Pad()
    this.news = NO_NEWS
    this.match = rules.begun({ players, words, seconds }, now)
    underway.set(true)
  }

  /** Another one: the same players, other words of the same pool. */
  again(): void {
    if (this.match) this.begin(this.#pool, this.match.players)
  }

  leave(): void {
    this.match = null
    underway.set(false)
  }

  takeOver(): void {
    this.#move(rules.takeOver)
  }

  start(): void {
    this.#move(rules.start)
  }

  tick(): void {
    this.#move(rules.tick)
  }

  /** The guesses for the paper have changed. */
  see(): void {
    const { guesses } = this.pad.shown
    this.#move((match, now) => rules.see(match, guesses, now))
  }

  skip(): void {
    this.#move((match, now) => rules.skip(match, this.#drawn(), now))
  }

  next(): void {
    this.#move((match, now) => rules.next(match, this.#drawn(), now))
  }

  /** The results so far; back to the choices where there are none. */
  stop(): void {
    this.#move((match, now) => rules.stop(match, this.#drawn(), now))
    if (this.match?.turns.length === 0) this.leave()
  }

  pause(): void {
    this.#move(rules.pause)
  }

  resume(): void {
    this.#move(rules.resume)
    this.see() // an answer may have come while the clock stood
  }

  #drawn(): Drawn {
    const { guesses, model } = this.pad.shown
    return { sketch: this.pad.sketch, guesses, model }
  }

  #move(move: Move): void {
    const before = this.match
    if (!before) return
    const now = performance.now()
    this.now = now
    this.match = move(before, now)
    if (this.match.phase.name === 'over' && before.phase.name !== 'over') {
      this.saw = commentOn(this.pad.shown.guesses, rules.wordOf(this.match))
    }
    if (this.match.turns.length > before.turns.length) {
      this.pad = new Pad()
      for (const turn of this.match.turns.slice(before.turns.length)) void this.#collect(turn)
    }
    if (this.match.phase.name === 'results' && before.phase.name !== 'results') {
      this.#remember(this.match)
      underway.set(false)
    }
  }

  /** At once, not at the results: a match may be left, or its page closed. */
  async #collect({ sketch, word, guesses, model }: Turn): Promise<void> {
    if (!settings.collect || sketch.strokes.length === 0) return
    await keep(drawnNow(sketch, itWas(word, guesses), { guesses, model }, 'play')).catch(() => null) // the results show it as not kept
  }

  #remember(match: Match): void {
    const { records, news } = withMatch(recordsNow(), match, this.options.list)
    this.records = records
    this.news = news
    remember('gameRecords', records)
  }
}

/** As they are remembered now: another tab may have played meanwhile. */
function recordsNow(): Records {
  return { ...NO_RECORDS, ...recall<Partial<Records>>('gameRecords', {}) }
}

export const game = new Game()
onOtherTab(() => {
  game.lists = listsOf(recall<unknown>('gameLists', []))
  game.records = recordsNow()
})

/** The words that the lists of the options hold now; `own` in labels. */
export function poolOf(list: Options['list'], own: readonly string[]): string[] {
  return wordsOf(list, engine.labels, engine.card?.accuracies ?? null, own)
}
