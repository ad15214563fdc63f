/** French: every text of the page, and its words with their articles. */
import type { Language, Messages } from './en'
import { words } from './fr.words'

const THIN = '\u202f' // French sets a narrow no-break space before ! ? and ;
const SPACE = '\u00a0' // and a no-break space before a colon

const messages: Messages = {
  app: {
    otherLanguage: 'Langue',
    skip: 'Aller au contenu',
    close: 'Fermer',
    cancel: 'Annuler',
  },
  nav: {
    label: 'Écrans',
    draw: 'Dessiner',
    play: 'Jouer',
    look: 'Ce qu’il voit',
    gallery: 'Mes dessins',
    how: 'Comment ça marche',
    settings: 'Réglages',
    measure: 'Mesurer',
  },
  draw: {
    paper: 'Feuille de dessin. Dessine à la souris, au doigt ou au stylet.',
    invitation: 'Dessine quelque chose',
    invitationMore: 'Je devine pendant que tu dessines.',
    undo: 'Annuler',
    redo: 'Rétablir',
    clear: 'Effacer',
    idea: 'Idée',
    draw: (phrase) => `Dessine ${phrase}`,
    found: (phrase) => `Trouvé${SPACE}: ${phrase}${THIN}!`,
    full: 'La feuille est pleine : annule ou efface pour continuer.',
  },
  guess: {
    guesses: 'Ce que cela pourrait être',
    waiting: `Que sera-ce${THIN}?`,
    waking: 'Je me réveille…',
    unsure: 'Pas encore sûr…',
    maybe: (phrase) => `${phrase}${THIN}?`,
    sure: (phrase) => `${phrase}${THIN}!`,
    onDevice: 'Deviné sur ton appareil. Le dessin reste ici.',
    onServer: 'Deviné sur le serveur.',
    whyServer: 'Ce navigateur n’a pas pu faire tourner le modèle lui-même.',
    unreachable: 'Le devineur est injoignable.',
    unanswered: 'Pas de réponse cette fois. Ton dessin est gardé.',
    retry: 'Réessayer',
    tooMuch: 'Tant de traits que je m’y perds : annule ou efface, et je devine à nouveau.',
  },
  play: {},
  look: {},
  gallery: {},
  how: {},
  settings: {},
  exchange: {},
  measure: {},
  offline: {
    update: 'Mise à jour',
    newVersion: 'Une nouvelle version est là.',
    reload: 'Recharger',
    later: 'Plus tard',
    alone: 'Ce navigateur ne peut pas faire tourner le devineur, et ici aucun serveur ne l’aide. Essaie un autre navigateur.',
  },
}

export default { code: 'fr', name: 'Français', messages, words } satisfies Language
