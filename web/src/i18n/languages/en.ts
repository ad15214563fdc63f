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
  measure: {
    title: 'How fast is it here?',
    intro: 'A hand of mine draws for a quarter of a minute, and I time every guess, on your device. Nothing is sent anywhere.',
    start: 'Measure',
    again: 'Measure again',
    busy: 'Measuring…',
    copy: 'Copy as text',
    copied: 'Copied',
    times: 'What I measured',
    device: 'This device',
    ready: 'Able to guess after',
    full: 'With my best model after',
    guess: 'One guess, from lines to words',
    bars: 'From the pen to the bars',
    longest: 'Longest pause while drawing',
    within: (half: string, most: string, count: number) => `half within ${half}, 95 of 100 within ${most} (${count} times)`,
    noPause: 'none above 50 ms',
    untold: 'this browser does not tell',
    where: 'Who guesses',
    onDevice: 'this device',
    onServer: 'the server',
    model: 'Model',
    kept: 'Comes from this device, works offline',
    yes: 'yes',
    no: 'not this time',
    cores: 'Processor cores',
    memory: 'Memory, at least',
    threads: 'Cores that guess',
    isolated: 'more would be allowed; one is fastest for so small a net',
    notIsolated: 'one is fastest for so small a net',
    screen: 'Screen',
    browser: 'Browser',
  },
  offline: {
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
