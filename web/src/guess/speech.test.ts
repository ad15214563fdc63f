import { expect, it } from 'vitest'
import { voiceOf } from './speech.svelte'

const voice = (lang: string, localService = true, standard = false) => ({ lang, localService, default: standard })

it('takes a voice of the language, the default one first, however its tag is written', () => {
  const voices = [voice('de-DE', true, true), voice('fr_CA'), voice('fr-FR', true, true)]
  expect(voiceOf('fr', voices)).toBe(voices[2])
  expect(voiceOf('fr', voices.slice(0, 2))).toBe(voices[1])
})

it('takes no voice that would send the words away, and none of another language', () => {
  expect(voiceOf('fr', [voice('fr-FR', false), voice('en-GB')])).toBeUndefined()
})
