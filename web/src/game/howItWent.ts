/** How a turn went, in the words of a language: found and how fast, or what the computer saw instead. */
import type { Messages } from '../i18n/languages/en'
import { inSeconds } from '../i18n/numbers'
import type { Comment } from './commentary'
import type { Turn } from './match'

/** What of the page's language is needed. */
export type Speaker = { readonly code: string; readonly t: Messages; readonly phrase: (label: string) => string }

export function howItWent({ word, outcome, time }: Pick<Turn, 'word' | 'outcome' | 'time'>, saw: Comment, speaker: Speaker): string {
  const t = speaker.t.play
  if (outcome === 'found') return t.found(speaker.phrase(word), inSeconds(time, speaker.code))
  return `${outcome === 'timeUp' ? t.timeUp : t.skipped} ${whatItSaw(saw, speaker)}`
}

export function whatItSaw(saw: Comment, speaker: Speaker): string {
  const t = speaker.t.play
  if (saw.kind === 'close') return t.sawClose(speaker.phrase(saw.label))
  if (saw.kind === 'sees') return t.saw(speaker.phrase(saw.label))
  return saw.kind === 'lost' ? t.sawLost : t.sawNothing
}
