/** How well a model guesses finished drawings, out of its card's metrics. */
export type Accuracy = { readonly top1: number; readonly drawings: number }

const MIX = 'natural mix' // the drawings as people made them, those that nobody could guess too

/** The share of finished drawings guessed at the first try, and of how many; null where the model file does not say. */
export function accuracyOf(metrics: Readonly<Record<string, unknown>>): Accuracy | null {
  const fractions = metrics[MIX] as Record<string, { top1?: unknown; n?: unknown } | undefined> | undefined
  const { top1, n } = fractions?.['100%'] ?? {}
  return typeof top1 === 'number' && typeof n === 'number' ? { top1, drawings: n } : null
}
