import { describe, expect, it } from 'vitest'
import { addressOf, routeOf, SCREENS } from './route'

describe('routeOf', () => {
  it('is the inverse of addressOf', () => {
    for (const screen of SCREENS) {
      expect(routeOf(addressOf(screen))).toEqual({ screen, rest: '' })
      expect(routeOf(addressOf(screen, 'a-b_c'))).toEqual({ screen, rest: 'a-b_c' })
    }
  })
  it('draws where nothing, or nothing known, is named', () => {
    for (const hash of ['', '#', '#/', '#nonsense', '#/nowhere/7']) expect(routeOf(hash)).toEqual({ screen: 'draw', rest: '' })
  })
  it('takes a drawing out of a link', () => expect(routeOf('#/open/AbC-_9')).toEqual({ screen: 'draw', rest: 'AbC-_9' }))
})
