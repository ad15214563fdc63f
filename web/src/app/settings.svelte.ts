/** What a person has chosen for this device, kept in the browser's storage, and followed at once everywhere. */
import { MediaQuery } from 'svelte/reactivity'
import { PEN, type Pen } from '../ink/sketch'
import { onOtherTab, recall, remember } from './storage'

export type Theme = 'system' | 'light' | 'dark' | 'contrast'

const dark = new MediaQuery('prefers-color-scheme: dark')
const contrast = new MediaQuery('prefers-contrast: more')

class Settings {
  theme: Theme = $state(recall('theme', 'system'))
  /** Reads the certain guess aloud (Web Speech API). */
  voice: boolean = $state(recall('voice', false))
  /** Shows every word in two languages, for learners. */
  bothLanguages: boolean = $state(recall('bothLanguages', false))
  /** Keeps drawings, with time and verdict, on this device, to give them back as training drawings. Off until consented. */
  collect: boolean = $state(recall('collect', false))
  pen: Pen = $state.raw(recall('pen', PEN))

  /** The theme that is shown. */
  readonly shownTheme: Exclude<Theme, 'system'> = $derived(
    this.theme !== 'system' ? this.theme : contrast.current ? 'contrast' : dark.current ? 'dark' : 'light',
  )

  /** Keeps the choices and shows the theme for as long as the caller's effects live. */
  follow(): void {
    $effect(() => {
      document.documentElement.dataset['theme'] = this.shownTheme
    })
    $effect(() => remember('theme', this.theme))
    $effect(() => remember('voice', this.voice))
    $effect(() => remember('bothLanguages', this.bothLanguages))
    $effect(() => remember('collect', this.collect))
    $effect(() => remember('pen', this.pen))
    // A consent that is withdrawn in one tab is withdrawn in all of them.
    $effect(() => onOtherTab(() => this.#read()))
  }

  #read(): void {
    this.theme = recall('theme', 'system')
    this.voice = recall('voice', false)
    this.bothLanguages = recall('bothLanguages', false)
    this.collect = recall('collect', false)
  }
}

export const settings = new Settings()
