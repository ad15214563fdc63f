/**
 * Words said aloud, by the Web Speech API. Only voices that live on this device: others would send the word away.
 */
type Voice = Pick<SpeechSynthesisVoice, 'lang' | 'localService' | 'default'>

/** The voice of a language on this device, the default one if it is that; undefined where there is none. */
export function voiceOf<Kind extends Voice>(code: string, voices: readonly Kind[]): Kind | undefined {
  const own = voices.filter(({ lang, localService }) => localService && lang.toLowerCase().split(/[-_]/)[0] === code)
  return own.find((voice) => voice.default) ?? own[0]
}

class Speech {
  #voices: readonly SpeechSynthesisVoice[] = $state.raw([])

  constructor() {
    if (!('speechSynthesis' in globalThis)) return
    const read = (): void => void (this.#voices = speechSynthesis.getVoices())
    speechSynthesis.onvoiceschanged = read // most browsers find their voices late
    read()
  }

  speaks(code: string): boolean {
    return voiceOf(code, this.#voices) !== undefined
  }

  /** Says a text now, in place of what is being said. */
  say(text: string, code: string): void {
    const voice = voiceOf(code, this.#voices)
    if (!voice) return
    speechSynthesis.cancel()
    const words = new SpeechSynthesisUtterance(text)
    words.voice = voice
    words.lang = voice.lang
    speechSynthesis.speak(words)
  }
}

export const speech = new Speech()
