/** What a recogniser says: the English name of a category and how likely it is, best first. */
export type Guess = { readonly label: string; readonly probability: number }

export const TOP = 5 // guesses shown

/** The likeliest guesses, best first; of equals the one that comes first in the model's order. */
export function topGuesses(labels: readonly string[], probabilities: ArrayLike<number>): Guess[] {
  return labels
    .map((label, index) => ({ label, probability: probabilities[index] }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, TOP)
}
