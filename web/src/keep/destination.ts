/** Where drawings go that are given back. There is one way today, a file that the person saves; a service would be another. */

/** Hands over drawings, as NDJSON; `when` in ms since 1970 names the hand-over. Throws where they did not arrive. */
export type Destination = (ndjson: string, when: number) => Promise<void>

const A_WHILE = 60_000 // ms in which the browser must have begun to save

/** A file in the browser's folder for downloads. */
export const file: Destination = async (ndjson, when) => {
  const url = URL.createObjectURL(new Blob([ndjson], { type: 'application/x-ndjson' }))
  const link = document.createElement('a')
  link.href = url
  link.download = `gribouille-${new Date(when).toISOString().slice(0, 10)}.ndjson`
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), A_WHILE)
}
