/** Every text of the page in English. A message with a gap is a function. */
export const en = {
  paper: 'Drawing paper. Draw with a mouse, a finger or a pen.',
  invitation: 'Draw something',
  invitationMore: 'I’ll guess while you draw.',
  undo: 'Undo',
  clear: 'Clear',
  idea: 'Idea',
  draw: (word: string) => `Draw: ${word}`,
  found: (word: string) => `Found it: ${word}!`,
  otherLanguage: 'FR',
  switchLanguage: 'Passer en français',
  guesses: 'What it could be',
  waiting: 'What will it be?',
  waking: 'Waking up…',
  unsure: 'Not sure yet…',
  maybe: (word: string) => `${word}?`,
  sure: (word: string) => `${word}!`,
  onDevice: 'Guessed on your device. The drawing stays here.',
  onServer: 'Guessed on the server.',
  whyServer: 'This browser could not run the model itself.',
  unreachable: 'The guesser cannot be reached.',
  unanswered: 'No guess this time. Your drawing is safe.',
  retry: 'Try again',
  tooMuch: 'So many lines that I am lost: undo or clear, and I guess again.',
  full: 'The paper is full: undo or clear to go on.',
}

type Texts = typeof en
/** The texts of another language: every key of the English ones, with the same gaps. */
export type Messages = { readonly [Key in keyof Texts]: Texts[Key] }
