/** A fault in the words of a language: the place, what was expected, what was found. */
import type { Messages } from '../i18n/languages/en'
import { MAX_POINTS } from '../ink/sketch'
import type { Fault } from './fault'

/** `number` writes numbers as the language does. */
export function faultWords(fault: Fault, t: Messages['exchange'], number: (value: number) => string): string {
  const quoted = (found: string): string => (found === '' ? t.nothing : t.quoted(found))
  switch (fault.kind) {
    case 'line': {
      const line = number(fault.line + 1)
      const place = fault.stroke === null ? t.placeLine(line) : t.placeStroke(line, number(fault.stroke + 1))
      return t.faults.line(place, t.expected[fault.expected], quoted(fault.found))
    }
    case 'points':
      return t.faults.points(number(fault.found), number(MAX_POINTS))
    case 'version':
      return t.faults.version(quoted(fault.found))
    case 'unknown':
      return t.faults.unknown(quoted(fault.found))
    default:
      return t.faults[fault.kind]
  }
}
