/** Small choices in localStorage, as JSON under `gribouille.<name>`. Where storage is forbidden they last as long as the page. */
import { PLACE } from './place'

const PREFIX = `gribouille${PLACE}.`

/** What was remembered under a name; `otherwise` where there is nothing, or nothing of that kind. */
export function recall<Value>(name: string, otherwise: Value): Value {
  try {
    const kept: unknown = JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null')
    return kept !== null && typeof kept === typeof otherwise ? (kept as Value) : otherwise
  } catch {
    return otherwise // storage is forbidden here, or holds what another version wrote
  }
}

export function remember(name: string, value: unknown): void {
  try {
    localStorage.setItem(PREFIX + name, JSON.stringify(value))
  } catch {
    // storage is forbidden here, or full
  }
}

/** Calls back whenever another tab of this browser remembers or forgets something; the function returned ends that. */
export function onOtherTab(changed: () => void): () => void {
  const hear = ({ key }: StorageEvent): void => {
    if (key === null || key.startsWith(PREFIX)) changed()
  }
  addEventListener('storage', hear)
  return () => removeEventListener('storage', hear)
}

/** Forgets everything that was remembered, under any name. */
export function forgetChoices(): void {
  try {
    for (const key of Object.keys(localStorage)) if (key.startsWith(PREFIX)) localStorage.removeItem(key)
  } catch {
    // storage is forbidden here: there is nothing to forget
  }
}
