/** The language that the page speaks now, its texts and its words. */
import { recall, remember } from '../app/storage'
import { engine } from '../recognise/engine.svelte'
import { LANGUAGES, preferredLanguage } from './language'
import type { Language, Messages } from './languages/en'

class I18n {
  code: string = $state(preferredLanguage(recall('language', ''), navigator.languages))
  readonly language: Language = $derived(languageOf(this.code))
  /** The texts. */
  readonly t: Messages = $derived(this.language.messages)

  choose(code: string): void {
    this.code = code
    remember('language', code)
  }

  /** The bare noun of a label: "house", "maison"; in another language where its code is given. */
  word(label: string, code: string = this.code): string {
    const known = languageOf(code).words[label]
    return known ? known[1] : this.#unlisted(label, code)
  }

  /** The noun of a label with its article: "a house", "la tour Eiffel". */
  phrase(label: string, code: string = this.code): string {
    const known = languageOf(code).words[label]
    return known ? known.join('') : this.#unlisted(label, code)
  }

  /** A word that only a model of one's own knows stands as that model names it. */
  #unlisted(label: string, code: string): string {
    return code === 'fr' ? (engine.french.get(label) ?? label) : label
  }
}

function languageOf(code: string): Language {
  const language = LANGUAGES.get(code)
  if (!language) throw new RangeError(`expected one of the languages ${[...LANGUAGES.keys()].join(', ')}, found ${code}`)
  return language
}

export const i18n = new I18n()
