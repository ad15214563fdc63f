/** Finds words as people type them: without case, accents or ligatures. */

/** "Œuf à la Coque" → "oeuf a la coque". */
export function plain(text: string): string {
  const bare = text.toLowerCase().normalize('NFD').replace(/\p{Diacritic}/gu, '')
  return bare.replaceAll('œ', 'oe').replaceAll('æ', 'ae').replace(/[’‘ʼ]/g, "'").trim()
}

/** Whether one of the names of a thing, plain already, holds what was typed. */
export function isFound(names: readonly string[], typed: string): boolean {
  const wanted = plain(typed)
  return names.some((name) => name.includes(wanted))
}
