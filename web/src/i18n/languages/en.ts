/**
 * English: every text of the page, and its words with their articles. The model of every other language: a new one is a file
 * beside this one, and nothing else.
 *
 * A message with a gap is a function. `word` in a gap stands bare ("house"), `phrase` with its article ("a house").
 */
import { words } from './en.words'

const messages = {
  app: {
    otherLanguage: 'Language',
    skip: 'Skip to the content',
    close: 'Close',
    cancel: 'Cancel',
  },
  nav: {
    label: 'Screens',
    draw: 'Draw',
    play: 'Play',
    look: 'What it sees',
    gallery: 'My drawings',
    how: 'How it works',
    settings: 'Settings',
    measure: 'Measure',
  },
  draw: {
    paper: 'Drawing paper. Draw with a mouse, a finger or a pen.',
    invitation: 'Draw something',
    invitationMore: 'I’ll guess while you draw.',
    undo: 'Undo',
    redo: 'Redo',
    clear: 'Clear',
    idea: 'Idea',
    draw: (phrase: string) => `Draw ${phrase}`,
    found: (phrase: string) => `Found it: ${phrase}!`,
    full: 'The paper is full: undo or clear to go on.',
  },
  guess: {
    guesses: 'What it could be',
    waiting: 'What will it be?',
    waking: 'Waking up…',
    unsure: 'Not sure yet…',
    maybe: (phrase: string) => `${phrase}?`,
    sure: (phrase: string) => `${phrase}!`,
    onDevice: 'Guessed on your device. The drawing stays here.',
    onServer: 'Guessed on the server.',
    whyServer: 'This browser could not run the model itself.',
    unreachable: 'The guesser cannot be reached.',
    unanswered: 'No guess this time. Your drawing is safe.',
    retry: 'Try again',
    tooMuch: 'So many lines that I am lost: undo or clear, and I guess again.',
  },
  play: {},
  look: {},
  gallery: {},
  how: {},
  settings: {},
  exchange: {},
  measure: {},
  offline: {
    update: 'Update',
    newVersion: 'A new version is here.',
    reload: 'Reload',
    later: 'Later',
    alone: 'This browser cannot run the guesser, and here no server helps. Another browser will do.',
  },
}

export type Messages = typeof messages
/** Article with the space or apostrophe that follows it, and bare noun: "a ", "house"; "l’", "océan". */
export type Word = readonly [article: string, noun: string]
export type Language = {
  readonly code: string // BCP 47
  readonly name: string // in itself
  readonly messages: Messages
  /** By the English label that the model knows; what is missing here is shown by the model's own label. */
  readonly words: Readonly<Record<string, Word>>
}

export default { code: 'en', name: 'English', messages, words } satisfies Language
