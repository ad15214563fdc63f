/** The model's card as GET /api/v1/model gives it: labels in the order of the probabilities, and where the file lies. */
export type Card = {
  readonly name: string
  readonly labels: readonly string[]
  readonly labels_fr: readonly string[]
  /** Of finished drawings of a word, the share that is guessed rightly; null for a model that nobody measured word by word. */
  readonly accuracies?: Readonly<Record<string, number>> | null
  readonly url: string
  readonly sha256: string
}

const PATIENCE = 20_000 // ms: a few kB, over any network

/** Fetches the card and checks what the page relies on. Throws an Error that names what is wrong. */
export async function fetchCard(url: URL): Promise<Card> {
  const response = await fetch(url, { signal: AbortSignal.timeout(PATIENCE) })
  if (!response.ok) throw new Error(`${url.pathname}: ${response.status} ${response.statusText}`)
  const card = (await response.json()) as Card
  if (!Array.isArray(card.labels) || card.labels.length === 0) throw new Error(`${url.pathname}: expected labels, found none`)
  if (card.labels_fr?.length !== card.labels.length) {
    throw new Error(`${url.pathname}: expected ${card.labels.length} French labels, found ${card.labels_fr?.length}`)
  }
  return card
}

/** The French name of every English one. */
export function frenchOf(card: Card): Map<string, string> {
  return new Map(card.labels.map((label, index) => [label, card.labels_fr[index]]))
}
