/** How long something took, of many times: the middle one, and what 95 of 100 stay within; in ms. */
export type Spread = { readonly count: number; readonly p50: number; readonly p95: number }

export function spreadOf(durations: readonly number[]): Spread | null {
  if (durations.length === 0) return null
  const sorted = [...durations].sort((a, b) => a - b)
  const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(part * sorted.length) - 1)]
  return { count: sorted.length, p50: at(0.5), p95: at(0.95) }
}
