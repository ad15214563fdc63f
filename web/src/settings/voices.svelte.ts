/** Whether this device can say words aloud in a language, with a voice of its own: others would send the word away. */
class Voices {
  #languages: ReadonlySet<string> = $state.raw(new Set())

  constructor() {
    if (!('speechSynthesis' in globalThis)) return
    const read = (): void => {
      const own = speechSynthesis.getVoices().filter(({ localService }) => localService)
      this.#languages = new Set(own.map(({ lang }) => lang.toLowerCase().split(/[-_]/)[0]))
    }
    speechSynthesis.addEventListener('voiceschanged', read) // most browsers find their voices late
    read()
  }

  speak(code: string): boolean {
    return this.#languages.has(code)
  }
}

export const voices = new Voices()
