import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { LANGUAGES } from './language'
import { wordsOf, type Words } from './words'

const csv = readFileSync(new URL('../../../src/gribouille/labels.csv', import.meta.url), 'utf-8')
/** [English label, French noun] of every word that the model knows. */
const LABELS = csv.trim().split('\n').slice(1).map((line) => line.split(',') as [string, string])

const ARTICLES: Record<string, readonly string[]> = {
  en: ['a ', 'an ', 'the ', ''],
  fr: ['un ', 'une ', 'des ', 'du ', 'de la ', 'de l’', 'le ', 'la ', 'les ', 'l’', ''],
}
// Where the first letter does not tell: a vowel that is heard as a consonant, an h that is mute.
const AN_ALTHOUGH_H = ['hourglass']
const ASPIRATED = /^(hache|hamburger|haricot|harpe|hérisson|hibou|homard|hors-bord|hot-dog)\b/u

function wordsIn(code: string): Words {
  return LANGUAGES.get(code)!.words
}

it('reads lists of labels and nouns by article', () => {
  expect(wordsOf({ 'une ': 'house: maison,\n  moustache', '': 'The Mona Lisa: La Joconde' })).toEqual({
    house: ['une ', 'maison'],
    moustache: ['une ', 'moustache'],
    'The Mona Lisa': ['', 'La Joconde'],
  })
})

describe.each(['en', 'fr'])('the words in %s', (code) => {
  const words = wordsIn(code)
  it('are those that the model knows, all of them', () => expect(Object.keys(words).sort()).toEqual(LABELS.map(([label]) => label).sort()))
  it('have articles of the language, all of which are used or could be', () => {
    for (const [label, [article]] of Object.entries(words)) expect(ARTICLES[code], label).toContain(article)
  })
  it('are all different', () => {
    const phrases = Object.values(words).map((word) => word.join(''))
    expect(new Set(phrases).size).toBe(LABELS.length)
  })
})

it('says a noun as the package does', () => {
  for (const [label, french] of LABELS) {
    expect(wordsIn('en')[label]?.[1]).toBe(label.replace(/^The /, ''))
    expect(wordsIn('fr')[label]?.[1]).toBe(french)
  }
})

it('says "an" before a vowel, and only there', () => {
  for (const [article, noun] of Object.values(wordsIn('en'))) {
    if (article.startsWith('a')) expect(article, noun).toBe(/^[aeiou]/.test(noun) || AN_ALTHOUGH_H.includes(noun) ? 'an ' : 'a ')
  }
})

it('elides a French article before a vowel or a mute h, and only there', () => {
  for (const [article, noun] of Object.values(wordsIn('fr'))) {
    const elides = /^[aeiouyhàâéèêëîïôœù]/iu.test(noun) && !/^yoga/.test(noun) && !ASPIRATED.test(noun)
    if (article.endsWith('’')) expect(elides, article + noun).toBe(true)
    if (['le ', 'la ', 'du ', 'de la '].includes(article)) expect(elides, article + noun).toBe(false)
  }
})
