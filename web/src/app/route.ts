/**
 * Which screen an address names: the part after `#`, so that any file server can hold the page, below any path.
 *
 * `#/play` → {screen: 'play', rest: ''}; `#/open/abc` → {screen: 'open', rest: 'abc'}: a link that carries a drawing.
 */
export const SCREENS = ['draw', 'play', 'look', 'gallery', 'how', 'settings', 'measure'] as const
export type Screen = (typeof SCREENS)[number]
export type Route = { readonly screen: Screen; readonly rest: string }

/** The route of a location's hash; drawing for one that names no screen. */
export function routeOf(hash: string): Route {
  const [, name = '', rest = ''] = /^#\/([a-z]*)\/?(.*)$/s.exec(hash) ?? []
  const screen = SCREENS.find((known) => known === name)
  return screen ? { screen, rest } : { screen: 'draw', rest: name === 'open' ? rest : '' }
}

export function addressOf(screen: Screen, rest = ''): string {
  return `#/${screen}${rest === '' ? '' : `/${rest}`}`
}
