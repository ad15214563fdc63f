/** The lists that the words of a match are taken from. Labels in, labels out, in the order of the model. */
import { CHILDREN } from './children'
import { UNPLEASANT } from './unpleasant'

export const LISTS = ['easy', 'medium', 'hard', 'all', 'children', 'own'] as const
export type ListName = (typeof LISTS)[number]

/** The accuracy of every word, from 0 to 1, as far as somebody measured it. */
export type Accuracies = Readonly<Record<string, number>>

const LEVELS = ['hard', 'medium', 'easy'] as const // a third of the words each

/** The words of a list; of one's own those given. Empty for a difficulty where no accuracy is known. */
export function wordsOf(list: ListName, labels: readonly string[], accuracies: Accuracies | null, own: readonly string[]): string[] {
  if (list === 'own') return labels.filter((label) => own.includes(label))
  const pleasant = labels.filter((label) => !UNPLEASANT.has(label))
  if (list === 'all') return pleasant
  if (list === 'children') return pleasant.filter((label) => CHILDREN.includes(label))
  const level = levelsOf(pleasant, accuracies ?? {})
  return pleasant.filter((label) => level.get(label) === list)
}

/** Thirds by accuracy rather than fixed bounds, so that every model has words of every difficulty. */
function levelsOf(labels: readonly string[], accuracies: Accuracies): Map<string, (typeof LEVELS)[number]> {
  const known = labels.filter((label) => label in accuracies).sort((a, b) => accuracies[a] - accuracies[b])
  return new Map(known.map((label, rank) => [label, LEVELS[Math.floor((LEVELS.length * rank) / known.length)]]))
}
