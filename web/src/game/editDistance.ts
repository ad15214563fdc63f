/** How many letters must be put in, taken out, changed or swapped with their neighbour to make one word of the other. */
export function editDistance(a: string, b: string): number {
  let [before, last]: number[][] = [[], Array.from({ length: b.length + 1 }, (_, index) => index)]
  for (let row = 1; row <= a.length; row++) {
    const now = [row]
    for (let column = 1; column <= b.length; column++) {
      const change = last[column - 1] + (a[row - 1] === b[column - 1] ? 0 : 1)
      now.push(Math.min(change, last[column] + 1, now[column - 1] + 1))
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) now[column] = Math.min(now[column], before[column - 2] + 1)
    }
    ;[before, last] = [last, now]
  }
  return last[b.length]
}
