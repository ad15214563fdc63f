/** Every text of the page in French. */
import type { Messages } from './en'

const THIN = '\u202f' // French sets a narrow no-break space before ! and ?

export const fr: Messages = {
  paper: 'Feuille de dessin. Dessine à la souris, au doigt ou au stylet.',
  invitation: 'Dessine quelque chose',
  invitationMore: 'Je devine pendant que tu dessines.',
  undo: 'Annuler',
  clear: 'Effacer',
  idea: 'Idée',
  draw: (word) => `Dessine : ${word}`,
  found: (word) => `Trouvé : ${word}${THIN}!`,
  otherLanguage: 'EN',
  switchLanguage: 'Switch to English',
  guesses: 'Ce que cela pourrait être',
  waiting: `Que sera-ce${THIN}?`,
  waking: 'Je me réveille…',
  unsure: 'Pas encore sûr…',
  maybe: (word) => `${word}${THIN}?`,
  sure: (word) => `${word}${THIN}!`,
  onDevice: 'Deviné sur ton appareil. Le dessin reste ici.',
  onServer: 'Deviné sur le serveur.',
  whyServer: 'Ce navigateur n’a pas pu faire tourner le modèle lui-même.',
  unreachable: 'Le devineur est injoignable.',
  unanswered: 'Pas de réponse cette fois. Ton dessin est gardé.',
  retry: 'Réessayer',
  tooMuch: 'Tant de traits que je m’y perds : annule ou efface, et je devine à nouveau.',
  full: 'La feuille est pleine : annule ou efface pour continuer.',
}
