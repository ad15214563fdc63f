/** A time in ms as seconds with one digit after the point, as a language writes it: 6240 → "6.2", "6,2". */
export function inSeconds(time: number, language: string): string {
  return new Intl.NumberFormat(language, { minimumFractionDigits: 1, maximumFractionDigits: 1 }).format(time / 1000)
}
