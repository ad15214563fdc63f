import { describe, expect, it } from 'vitest'
import { EMPTY } from '../ink/sketch'
import { commentOn } from './commentary'
import type { Match, Turn } from './match'
import { listsOf, OPTIONS, optionsOf, withList, withoutList } from './options'
import { NO_RECORDS, withMatch } from './records'

const turn = (word: string, time: number, outcome: Turn['outcome'] = 'found'): Turn =>
  ({ sketch: EMPTY, guesses: [], model: '', player: 0, word, outcome, time })
const match = (turns: Turn[], seconds: number | null = 20): Match =>
  ({ players: [''], words: turns.map(({ word }) => word), seconds, turns, phase: { name: 'results' } })

describe('records', () => {
  it('keep the best time of each word and the best score of each kind of match', () => {
    const first = withMatch(NO_RECORDS, match([turn('cat', 5000), turn('dog', 20_000, 'timeUp')]), 'easy')
    expect(first.records).toEqual({ times: { cat: 5000 }, scores: { 'easy 2 × 20 s': 1 } })
    expect(first.news).toEqual({ times: new Set(), score: false })
    const second = withMatch(first.records, match([turn('cat', 4000), turn('dog', 9000)]), 'easy')
    expect(second.news).toEqual({ times: new Set(['cat']), score: true })
    const third = withMatch(second.records, match([turn('cat', 6000), turn('dog', 9000, 'skipped')]), 'easy')
    expect(third.news).toEqual({ times: new Set(), score: false })
    expect(third.records).toEqual(second.records)
  })

  it('are not set without a clock; scores not by two players or an own list either', () => {
    expect(withMatch(NO_RECORDS, match([turn('cat', 5000)], null), 'easy').records).toBe(NO_RECORDS)
    expect(withMatch(NO_RECORDS, match([turn('cat', 5000)]), 'own').records.scores).toEqual({})
    expect(withMatch(NO_RECORDS, { ...match([turn('cat', 5000)]), players: ['Ada', 'Bo'] }, 'easy').records.scores).toEqual({})
  })
})

describe('options', () => {
  it('come back as they were kept', () => {
    const chosen = { ...OPTIONS, list: 'own', rounds: 3, seconds: null, players: 2, names: ['Ada', ''], own: 'cat' } as const
    expect(optionsOf(JSON.parse(JSON.stringify(chosen)))).toEqual(chosen)
  })

  it('are the usual ones where nothing, or nonsense, was kept', () => {
    expect(optionsOf({})).toEqual(OPTIONS)
    expect(optionsOf({ list: 'rude', rounds: 7, seconds: '20', players: 9, names: 'Ada', own: 5 })).toEqual(OPTIONS)
  })

  it('take lists for lists only', () => {
    expect(listsOf([{ name: 'Zoo', text: 'lion' }, null, 'Zoo', { name: 'Farm' }])).toEqual([{ name: 'Zoo', text: 'lion' }])
    expect(listsOf({})).toEqual([])
  })

  it('hold each list once, by name', () => {
    const lists = withList(withList([], { name: 'Zoo', text: 'lion' }), { name: 'Farm', text: 'cow' })
    expect(withList(lists, { name: 'Zoo', text: 'zebra' }).map(({ text }) => text)).toEqual(['cow', 'zebra'])
    expect(withoutList(lists, 'Zoo').map(({ name }) => name)).toEqual(['Farm'])
  })
})

describe('commentOn', () => {
  const guesses = (...all: [string, number][]) => all.map(([label, probability]) => ({ label, probability }))

  it('names what is likely, the word itself as a question', () => {
    expect(commentOn(guesses(['barn', 0.4], ['church', 0.2], ['house', 0.1]), 'house')).toEqual({ kind: 'sees', label: 'barn', other: 'church' })
    expect(commentOn(guesses(['barn', 0.4], ['church', 0.1]), 'house')).toMatchObject({ label: 'barn', other: null })
    expect(commentOn(guesses(['house', 0.3], ['barn', 0.2]), 'house')).toEqual({ kind: 'close', label: 'house' })
  })

  it('says nothing of an empty paper, and admits to be lost', () => {
    expect(commentOn([], 'house')).toEqual({ kind: 'nothing' })
    expect(commentOn(guesses(['barn', 0.1]), 'house')).toEqual({ kind: 'lost' })
  })
})
