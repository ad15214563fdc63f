import type { RasterSpec } from './raster'

/** Accuracy at one share of the ink: of `n` test drawings, the share whose first guess was right. */
export type Accuracy = { readonly n: number; readonly top1: number }
/** Accuracy at "25%" … "100%" of the ink. */
export type AccuracyByInk = Readonly<Record<string, Accuracy>>

/** A model: where its file lies gzipped, and the hash of the file itself. */
export type ModelFile = { readonly packed: string; readonly sha256: string }

/** The model's card as GET api/v1/model gives it: labels in the order of the probabilities, and where the files lie. */
export type Card = ModelFile & {
  readonly name: string
  readonly labels: readonly string[]
  readonly labels_fr: readonly string[]
  readonly raster: RasterSpec
  /** As measured (src/gribouille/metrics.py); a model of one's own may have no "natural mix", or nothing at all. */
  readonly metrics: { readonly 'calibration error'?: number | null; readonly 'natural mix'?: AccuracyByInk }
  /** Of finished drawings of a word, the share that is guessed rightly; null for a model that nobody measured word by word. */
  readonly accuracies: Readonly<Record<string, number>> | null
  /** A smaller model of the same words, which guesses until this one has arrived. */
  readonly first: ModelFile | null
  /** Whether a server is there that guesses where the device cannot. */
  readonly server: boolean
  /** Whether that server shows drawings of others: GET api/v1/drawings. */
  readonly drawings: boolean
}

const PATIENCE = 20_000 // ms: a few kB, over any network

/** Fetches the card and checks what the page relies on; addresses come out whole. Throws an Error that names what is wrong. */
export async function fetchCard(url: URL): Promise<Card> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`)
  const card = (await response.json()) as Card
  if (!Array.isArray(card.labels) || card.labels.length === 0) throw new Error(`${url.pathname}: expected labels, found none`)
  if (card.labels_fr?.length !== card.labels.length) {
    throw new Error(`${url.pathname}: expected ${card.labels.length} French labels, found ${card.labels_fr?.length}`)
  }
  const lies = <File extends ModelFile>(file: File): File => ({ ...file, packed: new URL(file.packed, url).href })
  return { ...lies(card), first: card.first && lies(card.first) }
}

/** The French name of every English one. */
export function frenchOf(card: Card): Map<string, string> {
  return new Map(card.labels.map((label, index) => [label, card.labels_fr[index]]))
}
