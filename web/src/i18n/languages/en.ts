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
    paper: 'Drawing paper. Draw with a mouse, a finger, a pen or the keyboard.',
    keys: 'Arrow keys move the pen, with Shift farther. Space puts it down and lifts it, so does Escape. E changes between pen and eraser.',
    tool: { pen: 'Pen', eraser: 'Eraser' },
    down: (tool: string) => `${tool} down`,
    up: (tool: string) => `${tool} up`,
    invitation: 'Draw something',
    invitationMore: 'I’ll guess while you draw.',
    tools: 'Drawing tools',
    colour: 'Colour',
    width: 'Width',
    forTheEye: 'Just for the eye: I guess from your lines alone.',
    colours: { ink: 'ink', red: 'red', orange: 'orange', green: 'green', blue: 'blue', violet: 'violet', brown: 'brown', grey: 'grey' },
    widths: ['fine', 'medium', 'broad'],
    undo: 'Undo',
    redo: 'Redo',
    clear: 'Clear',
    share: 'Share',
    idea: 'Idea',
    anotherIdea: 'Another idea',
    noIdea: 'Put this idea away',
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
    voice: 'Say it aloud',
    bothLanguages: 'Words in two languages',
    allWords: 'All words',
    everyWord: 'Every word that I know',
    search: 'Search a word',
    noWord: (text: string) => `I know no word with “${text}”.`,
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
  exchange: {
    title: 'Save or share',
    preview: 'This is what the picture will look like.',
    white: 'White paper',
    caption: 'Write the guess below',
    save: 'Save',
    png: 'Picture',
    pngMore: 'PNG, for everybody',
    svg: 'Lines',
    svgMore: 'SVG, for drawing programs; comes back here as it was',
    ndjson: 'Lines and time',
    ndjsonMore: 'NDJSON, for programs that learn',
    share: 'Share the picture',
    link: 'A link with the drawing in it',
    linkText: 'Link',
    linkMore: 'The whole drawing is inside the link. Nothing is sent to a server.',
    linkLength: (signs: string) => `${signs} characters long.`,
    linkLong: 'That is long: some apps may cut it off. A file is safer.',
    copy: 'Copy the link',
    copied: 'Copied.',
    copyYourself: 'Copying is not allowed here: the link is selected, copy it yourself.',
    openOnly: 'Open a drawing',
    openTitle: 'Another drawing',
    openMore: 'Or drop a file on the paper, or paste a drawing or a link there.',
    open: 'Open a drawing…',
    drop: 'Drop your drawing here',
    dropMore: 'An SVG picture or an NDJSON file',
    arrived: (strokes: string, word: string) => `A drawing of ${strokes === '1' ? 'one stroke' : `${strokes} strokes`}${word === '' ? '' : `: ${word}`}.`,
    ofSeveral: (number: string, count: string) => `Number ${number} of ${count}.`,
    madeUp: 'It came without times, so I made them up.',
    undoBrings: 'Undo brings yours back.',
    next: 'Next drawing',
    dismiss: 'Close this message',
    sorry: 'I cannot read that. Your paper stays as it is.',
    faults: {
      link: 'This link is broken: a piece of it is missing or was changed on the way. Ask for it again, whole.',
      version: (found: string) => `This link is of a kind ${found} that I do not know: I expected kind “1”. If it is newer, reload the page.`,
      svg: 'I expected an SVG picture, and it is damaged or something else.',
      lines: 'I found no lines in this SVG picture. Writing and photos in it are no lines to me.',
      large: 'I expected an SVG picture of at most a million characters, and this one is longer.',
      file: 'This packed file is damaged: only a piece of it could be unpacked.',
      unknown: (found: string) => `I expected an SVG picture, NDJSON or a link of this page, and found ${found}.`,
      points: (found: string, most: string) => `I expected at most ${most} points in a drawing, and found ${found}.`,
      line: (place: string, expected: string, found: string) => `${place}: I expected ${expected}, and found ${found}.`,
    },
    quoted: (text: string) => `“${text}”`,
    nothing: 'nothing',
    placeLine: (line: string) => `Line ${line}`,
    placeStroke: (line: string, stroke: string) => `Line ${line}, stroke ${stroke}`,
    expected: {
      json: 'one drawing, {"word": …, "drawing": …}',
      drawing: '"drawing": a list of strokes',
      stroke: 'a stroke, [[x…], [y…]] or [[x…], [y…], [t…]]',
      numbers: 'a list of numbers',
      point: 'at least one point',
      equal: 'as many x as y and as times',
    },
  },
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
