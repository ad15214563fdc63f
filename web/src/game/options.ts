/** How somebody wants to play, as it is remembered on the device. */
import { LISTS, type ListName } from './wordLists'

export const ROUNDS = [3, 6, 10, 20] as const // words for each player
export const SECONDS = [10, 20, 30, 60, null] as const // for each drawing; null: without a clock

export type Options = {
  readonly list: ListName
  readonly rounds: number
  readonly seconds: number | null
  readonly players: 1 | 2
  readonly names: readonly [string, string]
  /** The words of one's own, as typed. */
  readonly own: string
}

/** As in Quick, Draw!: six words, twenty seconds each. */
export const OPTIONS: Options = { list: 'easy', rounds: 6, seconds: 20, players: 1, names: ['', ''], own: '' }

/** The options that were kept; the usual one in the place of each that is missing or of another form. */
export function optionsOf(kept: Partial<Record<keyof Options, unknown>>): Options {
  const among = <Value>(values: readonly Value[], value: unknown, otherwise: Value): Value =>
    values.includes(value as Value) ? (value as Value) : otherwise
  const names = Array.isArray(kept.names) ? kept.names.map(String) : []
  return {
    list: among(LISTS, kept.list, OPTIONS.list),
    rounds: among<number>(ROUNDS, kept.rounds, OPTIONS.rounds),
    seconds: among<number | null>(SECONDS, kept.seconds, OPTIONS.seconds),
    players: kept.players === 2 ? 2 : 1,
    names: [names[0] ?? '', names[1] ?? ''],
    own: typeof kept.own === 'string' ? kept.own : OPTIONS.own,
  }
}

/** A word list of one's own that was saved under a name. */
export type SavedList = { readonly name: string; readonly text: string }

/** The lists that were kept, as far as they are lists. */
export function listsOf(kept: unknown): SavedList[] {
  const isList = (one: Partial<SavedList> | null): one is SavedList => typeof one?.name === 'string' && typeof one.text === 'string'
  return Array.isArray(kept) ? kept.filter(isList) : []
}

/** The lists with one more, in the place of one of its name; by name. */
export function withList(lists: readonly SavedList[], list: SavedList): SavedList[] {
  return [...withoutList(lists, list.name), list].sort((a, b) => a.name.localeCompare(b.name))
}

export function withoutList(lists: readonly SavedList[], name: string): SavedList[] {
  return lists.filter((list) => list.name !== name)
}
