/** Why something that came in is no drawing: which place, what was expected, what was found, as values that any language can put into words. */
import type { Messages } from '../i18n/languages/en'

/** What a line of NDJSON should have held there; its words are `exchange.expected` of the language. */
export type Expected = keyof Messages['exchange']['expected']

export type Fault =
  | { readonly kind: 'link' | 'svg' | 'lines' | 'large' | 'file' | 'unloaded' }
  | { readonly kind: 'version' | 'unknown'; readonly found: string }
  | { readonly kind: 'points'; readonly found: number }
  /** Places are counted from 0 and null where it is not one alone. */
  | { readonly kind: 'line'; readonly line: number; readonly stroke: number | null; readonly expected: Expected; readonly found: string }

export class Unreadable extends Error {
  constructor(readonly fault: Fault) {
    super(JSON.stringify(fault))
  }
}

const EXCERPT = 24 // characters of what was found that are shown

/** The beginning of a text, short enough for a message. */
export function excerpt(text: string): string {
  const line = text.trim().split('\n')[0].replace(/[\p{C}\ufffd]/gu, '') // bytes that are no text say nothing
  return line.length > EXCERPT ? `${line.slice(0, EXCERPT)}…` : line
}
