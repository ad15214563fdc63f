/** What a recogniser says: the English name of a category and how likely it is, best first. */
export type Guess = { readonly label: string; readonly probability: number }

/** Guesses, and the hash of the model that made them. */
export type Answered = { readonly guesses: readonly Guess[]; readonly model: string }

export const TOP = 5 // guesses shown

/** A guess of every label, the likeliest first; of equals the one that comes first in the model's order. */
export function ranked(labels: readonly string[], probabilities: ArrayLike<number>): Guess[] {
  return labels
    .map((label, index) => ({ label, probability: probabilities[index] }))
    .sort((a, b) => b.probability - a.probability)
}

/** The probability of every label, in the order of the labels; null where no guess tells it. */
export function probabilitiesOf(labels: readonly string[], guesses: readonly Guess[]): (number | null)[] {
  const known = new Map(guesses.map(({ label, probability }) => [label, probability]))
  return labels.map((label) => known.get(label) ?? null)
}
