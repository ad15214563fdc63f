/** Which words a match has, in the order of its turns. Random numbers from 0 to 1 come from outside. */
import type { Accuracies } from './wordLists'

export type Wanted = { readonly players: number; readonly rounds: number }

/**
 * A word for each player and round, none twice; fewer rounds where the pool does not suffice, none where it has too few for
 * one. The players' words of one round are about equally hard, as far as accuracies are known.
 */
export function chooseWords(pool: readonly string[], { players, rounds }: Wanted, accuracies: Accuracies, random: () => number): string[] {
  const count = Math.min(rounds, Math.floor(pool.length / players))
  const chosen = shuffled(pool, random).slice(0, count * players)
  if (players === 1) return chosen
  const ordered = chosen.sort((a, b) => (accuracies[a] ?? 0) - (accuracies[b] ?? 0))
  const together = Array.from({ length: count }, (_, round) => ordered.slice(round * players, (round + 1) * players))
  return shuffled(together, random).flatMap((words) => shuffled(words, random))
}

/** Fisher and Yates. */
function shuffled<Value>(values: readonly Value[], random: () => number): Value[] {
  const mixed = [...values]
  for (let last = mixed.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1))
    ;[mixed[last], mixed[other]] = [mixed[other], mixed[last]]
  }
  return mixed
}
