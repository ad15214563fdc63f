/** What the pen's colours are where no theme reigns: in saved pictures. On the page they are `--pen-<colour>` of page.css. */
import type { Colour } from './sketch'

/** On white paper. */
export const HEX: Readonly<Record<Colour, string>> = {
  ink: '#1d2545',
  red: '#c8321e',
  orange: '#c96a00',
  green: '#22743c',
  blue: '#1f5fbf',
  violet: '#7a3fb0',
  brown: '#7b4a21',
  grey: '#6b6f7d',
}
