/** What the turns of a match add up to. */
import type { Match } from './match'

/** Words found of those played, and how long the found ones took together, in ms. */
export type Score = { readonly player: number; readonly found: number; readonly of: number; readonly time: number }

export function scoreOf({ turns }: Pick<Match, 'turns'>, player: number): Score {
  const mine = turns.filter((turn) => turn.player === player)
  const found = mine.filter(({ outcome }) => outcome === 'found')
  return { player, found: found.length, of: mine.length, time: found.reduce((total, { time }) => total + time, 0) }
}

/** The scores of all players, the best first: more words found; of equals, those found in less time. */
export function ranking(match: Match): Score[] {
  return match.players.map((_, player) => scoreOf(match, player)).sort(better)
}

/** The player who has won, by the rounds that all have played: a match may be stopped in the middle of one. Null where nobody is ahead. */
export function winnerOf(match: Match): number | null {
  const rounds = Math.floor(match.turns.length / match.players.length)
  const [first, second] = ranking({ ...match, turns: match.turns.slice(0, rounds * match.players.length) })
  return second === undefined || better(first, second) === 0 ? null : first.player
}

function better(a: Score, b: Score): number {
  return b.found - a.found || a.time - b.time
}
