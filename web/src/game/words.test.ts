import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chooseWords } from './chooseWords'
import { CHILDREN } from './children'
import { editDistance } from './editDistance'
import { corrected, lexiconOf, bare, understand } from './ownWords'
import { UNPLEASANT } from './unpleasant'
import { wordsOf } from './wordLists'

const LABELS = readFileSync('../src/gribouille/labels.csv', 'utf8').trim().split('\n').slice(1).map((line) => line.split(','))
const english = lexiconOf(LABELS.map(([label]) => ({ label, name: label })))
const french = lexiconOf(LABELS.map(([label, name]) => ({ label, name })))
const labels = LABELS.map(([label]) => label)
const accuracies = Object.fromEntries(labels.map((label, index) => [label, (index * 7 % labels.length) / labels.length]))

function random(seed: number): () => number {
  let state = seed + 1
  return () => (state = (state * 48271) % 2147483647) / 2147483647
}

describe('the lists', () => {
  it('name words that the model knows, and nothing unpleasant for children', () => {
    for (const label of [...CHILDREN, ...UNPLEASANT.keys()]) expect(labels).toContain(label)
    expect(CHILDREN.filter((label) => UNPLEASANT.has(label))).toEqual([])
    expect(new Set(CHILDREN).size).toBe(CHILDREN.length)
  })

  it('share out all words but the unpleasant ones by difficulty', () => {
    const [easy, medium, hard] = (['easy', 'medium', 'hard'] as const).map((list) => wordsOf(list, labels, accuracies, []))
    expect([...easy, ...medium, ...hard].sort()).toEqual(labels.filter((label) => !UNPLEASANT.has(label)).sort())
    const worst = (words: string[]) => Math.min(...words.map((word) => accuracies[word]))
    const best = (words: string[]) => Math.max(...words.map((word) => accuracies[word]))
    expect(worst(easy)).toBeGreaterThan(best(medium))
    expect(worst(medium)).toBeGreaterThan(best(hard))
    expect(Math.abs(easy.length - hard.length)).toBeLessThanOrEqual(1)
  })

  it('know no difficulty of a model that was not measured', () => {
    expect(wordsOf('easy', labels, null, [])).toEqual([])
    expect(wordsOf('all', labels, null, [])).toHaveLength(labels.length - UNPLEASANT.size)
  })

  it('take what one’s own list names, unpleasant or not, as far as the model knows it', () => {
    expect(wordsOf('own', labels, accuracies, ['rifle', 'cat', 'unicorn'])).toEqual(['cat', 'rifle'])
  })
})

describe('chooseWords', () => {
  it('gives everybody equally many words, none twice, of the pool only (500 random pools)', () => {
    for (let seed = 0; seed < 500; seed++) {
      const roll = random(seed)
      const pool = labels.slice(0, Math.floor(roll() * 30))
      const [players, rounds] = [1 + Math.floor(roll() * 2), 1 + Math.floor(roll() * 12)]
      const words = chooseWords(pool, { players, rounds }, accuracies, roll)
      expect(words).toHaveLength(players * Math.min(rounds, Math.floor(pool.length / players)))
      expect(new Set(words).size).toBe(words.length)
      expect(words.every((word) => pool.includes(word))).toBe(true)
    }
  })

  it('gives two players words of about the same difficulty in each round', () => {
    const words = chooseWords(labels, { players: 2, rounds: 20 }, accuracies, random(1))
    const order = [...words].sort((a, b) => accuracies[a] - accuracies[b])
    for (let turn = 0; turn < words.length; turn += 2) expect(Math.abs(order.indexOf(words[turn]) - order.indexOf(words[turn + 1]))).toBe(1)
  })
})

describe('understand', () => {
  it('knows every word of the model by its own name in either language', () => {
    for (const lexicon of [english, french]) {
      for (const { label, name } of lexicon) expect([name, ...understand(name.toUpperCase(), lexicon).labels]).toEqual([name, label])
    }
  })

  it('does not mind case, accents, articles, apostrophes, hyphens and plurals', () => {
    const typed = 'a House\nLA TOUR EIFFEL, l’oeil; des Carottes\nteddy bears,un nuage\nthe  éléphants'
    const found = understand(typed, [...english, ...french])
    expect(found.unknown).toEqual([])
    expect(found.labels).toEqual(['house', 'The Eiffel Tower', 'eye', 'carrot', 'teddy-bear', 'cloud', 'elephant'])
    expect(bare('  L’Œil ')).toBe('oeil')
  })

  it('reads a word of both languages in the first', () => {
    expect(understand('crayon', [...english, ...french]).labels).toEqual(['crayon'])
    expect(understand('crayon', [...french, ...english]).labels).toEqual(['pencil'])
  })

  it('names what it does not know, with the nearest words', () => {
    const { labels: known, unknown } = understand('cat, hosue\nphone\nxqzw\n, ,', english)
    expect(known).toEqual(['cat'])
    expect(unknown.map(({ typed }) => typed)).toEqual(['hosue', 'phone', 'xqzw'])
    expect(unknown[0].near[0].label).toBe('house')
    expect(unknown[1].near.map(({ label }) => label)).toContain('cell phone')
    expect(unknown[2].near).toEqual([])
  })

  it('puts a suggestion in the place of what was typed, and there only', () => {
    expect(corrected('cat, hosue\nhosues', 'hosue', 'house')).toBe('cat, house\nhosues')
  })
})

it('editDistance counts letters put in, taken out, changed and swapped', () => {
  expect(['house', 'hous', 'houses', 'mouse', 'hosue', 'cat'].map((word) => editDistance('house', word))).toEqual([0, 1, 1, 1, 1, 5])
  expect(editDistance('', 'abc')).toBe(3)
})
