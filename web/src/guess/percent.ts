/** A probability in words of a language: "37%", "37 %", "< 1 %". */
const formats = new Map<string, Intl.NumberFormat>()

export function percent(probability: number, code: string): string {
  const format = formats.get(code) ?? new Intl.NumberFormat(code, { style: 'percent' })
  formats.set(code, format)
  // "0 %" would be a claim that nobody makes.
  return probability < 0.005 ? `< ${format.format(0.01)}` : format.format(probability)
}
