/** The service worker as the page knows it: installed once the page can guess, and whether a newer version waits. */
import { underway } from '../app/underway.svelte'
import { freePad } from '../draw/pad.svelte'
import { engine } from '../recognise/engine.svelte'
import { carry } from './carried'
import type { Message } from './versions'

class Offline {
  /** Whether this page comes, or would come at its next start, from the device. */
  kept: boolean = $state(false)
  /** A whole newer version, fetched and ready to take over. */
  waiting: ServiceWorker | null = $state.raw(null)

  /** Registers the service worker; where there can be none (no https), nothing happens. To be called when nothing else needs the network. */
  async start(): Promise<void> {
    const workers = navigator.serviceWorker as ServiceWorkerContainer | undefined
    if (!workers) return
    this.#reloadOnTakeover(workers)
    // The lists that it imports are asked for anew each time: they say what is new.
    const registration = await workers.register(new URL('service-worker.js', document.baseURI), { updateViaCache: 'none' })
    this.#watch(registration)
    document.addEventListener('visibilitychange', () => {
      if (document.visibilityState === 'visible') void registration.update().catch(() => null) // not online: at another time
    })
    if (!workers.controller) tell((await workers.ready).active, whatThisPageIs())
  }

  /** The waiting version takes over; every page of the old one loads anew, with its drawing and after its match. */
  accept(): void {
    tell(this.waiting, { kind: 'take over' })
    this.waiting = null
  }

  later(): void {
    this.waiting = null
  }

  #watch(registration: ServiceWorkerRegistration): void {
    const look = (): void => {
      // Without an active one before it, what waits is the first version and replaces nothing.
      if (registration.waiting && registration.active) this.waiting = registration.waiting
    }
    look()
    registration.addEventListener('updatefound', () => registration.installing?.addEventListener('statechange', look))
    registration.installing?.addEventListener('statechange', look)
  }

  #reloadOnTakeover(workers: ServiceWorkerContainer): void {
    this.kept = workers.controller !== null
    workers.addEventListener('controllerchange', () => {
      if (this.kept) underway.over(reload) // another tab may have accepted it while a match is on here
      this.kept = true // the first one takes in a page of its own version: nothing changes
    })
  }
}

function reload(): void {
  carry(freePad.sketch)
  location.reload()
}

function tell(worker: ServiceWorker | null, message: Message): void {
  worker?.postMessage(message)
}

function whatThisPageIs(): Message {
  const scope = new URL('./', document.baseURI).href
  const below = (url: string): string => url.slice(scope.length)
  const script = document.querySelector<HTMLScriptElement>('script[type=module][src]')
  const loaded = performance.getEntriesByType('resource').filter(({ name }) => name.startsWith(scope))
  return {
    kind: 'take in',
    script: below(script?.src ?? ''),
    model: below(engine.card?.packed ?? ''),
    loaded: loaded.map(({ name }) => below(name)),
  }
}

export const offline = new Offline()
