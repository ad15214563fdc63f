/** The best that was reached on this device: times by word, scores by kind of match. Matches without a clock set no record. */
import type { Match } from './match'
import type { ListName } from './wordLists'
import { scoreOf } from './score'

/** Best times in ms by label; most words found by `kindOf` the match. */
export type Records = { readonly times: Readonly<Record<string, number>>; readonly scores: Readonly<Record<string, number>> }
/** Labels whose best time was beaten, and whether the best score was. Something done for the first time beats nothing. */
export type News = { readonly times: ReadonlySet<string>; readonly score: boolean }

export const NO_RECORDS: Records = { times: {}, scores: {} }
export const NO_NEWS: News = { times: new Set(), score: false }

/** Matches whose scores compare; null for those that do not: two players, own lists, no clock. */
export function kindOf({ players, words, seconds }: Match, list: ListName): string | null {
  return players.length > 1 || list === 'own' || seconds === null ? null : `${list} ${words.length} × ${seconds} s`
}

/** The records after a match, and what is new in them. */
export function withMatch(records: Records, match: Match, list: ListName): { records: Records; news: News } {
  if (match.seconds === null) return { records, news: NO_NEWS }
  const times = { ...records.times }
  const beaten = new Set<string>()
  for (const { word, time } of match.turns.filter(({ outcome }) => outcome === 'found')) {
    if (time < (times[word] ?? 0)) beaten.add(word)
    times[word] = Math.min(times[word] ?? Infinity, time)
  }
  const kind = kindOf(match, list)
  if (kind === null) return { records: { ...records, times }, news: { times: beaten, score: false } }
  const { found } = scoreOf(match, 0)
  const before = records.scores[kind]
  const scores = { ...records.scores, [kind]: Math.max(before ?? 0, found) }
  return { records: { times, scores }, news: { times: beaten, score: before !== undefined && found > before } }
}
