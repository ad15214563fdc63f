/** Numbers as a language writes them: 0.42 → "42 %", 3240 ms → "3,2 s". */

const NO_BREAK = '\u00a0'
// Making a format takes longer than a guess has; the bars ask for five at every one.
const percents = new Map<string, Intl.NumberFormat>()

/** A share; never "0 %" or "100 %" for what is neither: nobody is that sure. */
export function percent(share: number, code: string): string {
  const format = percents.get(code) ?? new Intl.NumberFormat(code, { style: 'percent' })
  percents.set(code, format)
  if (share > 0 && share < 0.005) return `<${NO_BREAK}${format.format(0.01)}`
  if (share < 1 && share >= 0.995) return `>${NO_BREAK}${format.format(0.99)}`
  return format.format(share)
}

/** A count: 3308 → "3,308", "3 308". */
export function whole(count: number, code: string): string {
  return new Intl.NumberFormat(code).format(count)
}

/** A time in ms, as seconds to a tenth: "3,2 s". */
export function seconds(time: number, code: string): string {
  return `${inSeconds(time, code)}${NO_BREAK}s`
}

/** The same without the unit, for sentences that spell it. */
export function inSeconds(time: number, code: string): string {
  return new Intl.NumberFormat(code, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(time / 1000)
}
