/** Something to draw: a word that has not been given lately. */

const REMEMBERED = 100 // ideas that do not come again so soon

/** One of the labels, none of the `given` ones (the latest last) where there is another; `random` from 0 to 1. */
export function nextIdea(labels: readonly string[], given: readonly string[], random: () => number = Math.random): string | null {
  const remembered = Math.min(REMEMBERED, labels.length - 1)
  const known = new Set(given.slice(Math.max(given.length - remembered, 0)))
  const fresh = labels.filter((label) => !known.has(label))
  return fresh[Math.floor(random() * fresh.length)] ?? null
}
