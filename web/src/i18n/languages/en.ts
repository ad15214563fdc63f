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
  look: {
    lead: 'Draw, and watch: the computer never sees your line. It sees three small pictures made of squares.',
    paper: 'Your paper',
    example: (phrase: string) => `An example: ${phrase}. Draw here to see your own.`,
    another: 'Another example',
    channel: { ink: 'Where there is ink', time: 'When it was drawn', stroke: 'Which stroke it is' },
    picture: {
      ink: 'First picture for the computer: every square with ink is dark.',
      time: 'Second picture for the computer: the later a line was drawn, the stronger its colour.',
      stroke: 'Third picture for the computer: every stroke is stronger than the one before.',
    },
    from: { ink: 'none', time: 'start', stroke: 'first' },
    to: { ink: 'ink', time: 'end', stroke: 'last' },
    meaning: {
      ink: 'The shape. The dots are the only points that are kept of your line.',
      time: 'The order. What you drew first is pale, what you drew last is strong.',
      stroke: 'How often you lifted the pen. Every new stroke is a step stronger.',
    },
    kept: (drawn: number, kept: number) => `Your hand left ${drawn} points here. ${kept} are enough for the computer; it throws the others away.`,
    course: 'What it thought while you drew',
    play: 'Play',
    pause: 'Pause',
    scrubber: 'Moment of the drawing',
    position: (time: string, guess: string) => `${time}: ${guess}`,
    guessed: (phrase: string, percent: string) => `${phrase}, ${percent}`,
    noGuess: 'no guess yet',
    pauses: 'Played as fast as it was drawn. Pauses longer than a second are cut to one second.',
    chart: 'How likely each word was while the drawing grew.',
    asTable: 'The chart as a table',
    when: 'Time',
    first: 'First guess',
    second: 'Second guess',
    thinking: 'Thinking it over…',
    fromTheStart: (phrase: string) => `I thought of ${phrase} from the start, and never changed my mind.`,
    since: (before: string, phrase: string, time: string) => `At first I thought of ${before}. Since ${time} I think of ${phrase}.`,
    namedBefore: (time: string) => `It had come to my mind at ${time} already, but did not stay.`,
    jump: 'Show me that moment',
    confused: 'What confused it',
    secondSure: (best: string, other: string) => `It is quite sure: ${best}. If it is not that, then most likely ${other}.`,
    doubt: (best: string, other: string) => `It hesitates between ${best} and ${other}.`,
    ownDrawing: (phrase: string) => `Your drawing of ${phrase}`,
    othersDrawing: (phrase: string) => `Somebody else’s drawing of ${phrase}`,
    own: 'yours',
    others: 'others’',
    noDrawings: 'Nobody has left a drawing of it here yet.',
    noOwnDrawings: 'You have kept no drawing of it yet. Draw one and keep it: then you can compare.',
    which: 'Which stroke says what',
    how: 'A simple trick: rub out one stroke, ask again, put it back. What changes is what that stroke had to say.',
    longest: (count: number) => `There are many strokes here: only the ${count} longest are tried.`,
    oneStroke: 'This drawing is a single stroke: without it there is nothing to guess. Lift the pen now and then, and you will see what each stroke says.',
    votes: (phrase: string) => `The drawing with its strokes numbered, by what each says about ${phrase}; the list tells the same.`,
    stroke: 'Stroke',
    for: (phrase: string) => `says: ${phrase}.`,
    against: (phrase: string) => `says: not ${phrase}.`,
    neither: () => 'hardly matters.',
    without: (without: string, withIt: string) => `Without it: ${without} instead of ${withIt}.`,
    instead: (phrase: string) => `I would then say ${phrase}.`,
    decisive: (strokes: string, best: string, other: string) => `What makes the difference is stroke ${strokes}: without it I would say ${other}, not ${best}.`,
    together: (phrase: string) => `No stroke alone decides: the strokes say ${phrase} together.`,
  },
  gallery: {},
  how: {},
  settings: {},
  exchange: {},
  measure: {},
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
