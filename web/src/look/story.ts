/** How the computer came to its last word: what it thought of before, since when it stayed. Moments in ms since the first point. */
import type { Guess } from '../recognise/guess'

/** What it thought of the drawing as it stood at a moment; guesses are never empty. */
export type Thought = { readonly moment: number; readonly guesses: readonly Guess[] }

/**
 * `word`: the last one. `since`: from when on it was always the first guess. `named`: when it was so for the first time.
 * `before`: what it thought of just before `since`, null where it knew from the start.
 */
export type Story = { readonly word: string; readonly since: number; readonly named: number; readonly before: string | null }

/** The story of thoughts in the order of time; null without any. */
export function storyOf(thoughts: readonly Thought[]): Story | null {
  const firsts = thoughts.map(({ guesses }) => guesses[0].label)
  const word = firsts.at(-1)
  if (word === undefined) return null
  const other = firsts.reduce((last, label, index) => (label === word ? last : index), -1)
  return {
    word,
    since: thoughts[other + 1].moment,
    named: thoughts[firsts.indexOf(word)].moment,
    before: firsts[other] ?? null,
  }
}

/** The words worth a line in the chart: every one that was first for a while, the likeliest in the end in front. */
export function rivals(thoughts: readonly Thought[], most: number): string[] {
  const last = thoughts.at(-1)
  if (!last) return []
  const peaks = new Map<string, number>()
  for (const { guesses } of thoughts) {
    for (const { label, probability } of guesses.slice(0, 2)) peaks.set(label, Math.max(peaks.get(label) ?? 0, probability))
  }
  const strongest = [...peaks].sort(([, a], [, b]) => b - a).map(([label]) => label)
  return [...new Set([...last.guesses.slice(0, 2).map(({ label }) => label), ...strongest])].slice(0, most)
}

/** How likely a word was among guesses; the least of them where it is not told: the server tells only a few. */
export function probabilityOf(guesses: readonly Guess[], label: string): number {
  return guesses.find((guess) => guess.label === label)?.probability ?? guesses.at(-1)?.probability ?? 0
}
