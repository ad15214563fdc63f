/** The nearest integer, the even one of two equally near: numpy's `rint`. Math.round takes the greater one. */
export function roundHalfEven(value: number): number {
  const below = Math.floor(value)
  const part = value - below
  if (part === 0.5) return below % 2 === 0 ? below : below + 1
  return part < 0.5 ? below : below + 1
}
