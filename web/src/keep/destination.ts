/** Where drawings go that are given back. There is one way today, a file that the person saves; a service would be another. */
import { download } from '../exchange/download'

/** Hands over drawings, as NDJSON; `when` in ms since 1970 names the hand-over. Throws where they did not arrive. */
export type Destination = (ndjson: string, when: number) => Promise<void>

/** A file in the browser's folder for downloads. */
export const file: Destination = async (ndjson, when) => {
  download(new Blob([ndjson], { type: 'application/x-ndjson' }), `gribouille-${new Date(when).toISOString().slice(0, 10)}.ndjson`)
}
