/** The words of a language, written by article: lists of "label: noun" become each label's article and noun. */

/** Article with the space or apostrophe that follows it, and bare noun: "a ", "house"; "l’", "océan". */
export type Word = readonly [article: string, noun: string]
/** By the English label that the model knows. */
export type Words = Readonly<Record<string, Word>>

/** `{'une ': 'house: maison, moustache'}` → `{house: ['une ', 'maison'], moustache: ['une ', 'moustache']}`. */
export function wordsOf(lists: Readonly<Record<string, string>>): Words {
  return Object.fromEntries(Object.entries(lists).flatMap(([article, list]) => list.split(',').map((entry) => wordOf(article, entry))))
}

/** An entry is "label: noun", or the label alone where it is the noun too. */
function wordOf(article: string, entry: string): [label: string, word: Word] {
  const [label = '', noun = label] = entry.split(':').map((part) => part.trim())
  return [label, [article, noun]]
}
