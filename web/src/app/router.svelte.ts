/** The address as state: which screen is shown, and what its address carries. */
import { addressOf, routeOf, type Route, type Screen } from './route'

class Router {
  route: Route = $state.raw(routeOf(location.hash))
  readonly screen: Screen = $derived(this.route.screen)

  /** To be called when the address changes. */
  follow(): void {
    this.route = routeOf(location.hash)
  }

  go(screen: Screen, rest = ''): void {
    location.hash = addressOf(screen, rest)
  }
}

export const router = new Router()
