/** A clock that can be stopped: what it has counted, and since when it runs. All in ms, on whatever clock gives `now`. */
export type Clock = { readonly counted: number; readonly since: number | null }

export function startedAt(now: number): Clock {
  return { counted: 0, since: now }
}

export function elapsed({ counted, since }: Clock, now: number): number {
  return counted + (since === null ? 0 : Math.max(0, now - since))
}

/** The clock standing still; the same one where it does already. */
export function stopped(clock: Clock, now: number): Clock {
  return clock.since === null ? clock : { counted: elapsed(clock, now), since: null }
}

/** The clock going on; the same one where it does already. */
export function going(clock: Clock, now: number): Clock {
  return clock.since === null ? { ...clock, since: now } : clock
}
