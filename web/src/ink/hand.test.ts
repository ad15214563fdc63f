import { describe, expect, it } from 'vitest'
import { IDLE, land, lift, lose, move, type Contact, type Deed, type Hand } from './hand'

type Act = [act: typeof land, id: number, time: number, more?: Partial<Contact>]

/** All deeds of a sequence of events, by fingers where nothing else is said. */
function deeds(...acts: Act[]): Deed[] {
  let hand: Hand = IDLE
  return acts.flatMap(([act, id, time, more]) => {
    const [next, done] = act(hand, { id, time, kind: 'touch', x: 0, y: 0, size: 20, ...more })
    hand = next
    return done
  })
}

const pen = { kind: 'pen', size: 1 }

describe('one pointer', () => {
  it('draws', () => {
    for (const kind of ['mouse', 'touch', 'pen']) {
      expect(deeds([land, 1, 0, { kind }], [move, 1, 10, { kind }], [lift, 1, 20, { kind }])).toEqual(['begin', 'extend', 'end'])
    }
  })
  it('does nothing while it hovers', () => expect(deeds([move, 1, 0, { kind: 'mouse' }])).toEqual([]))
  it('keeps its stroke when the system takes it away', () => expect(deeds([land, 1, 0], [move, 1, 10], [lose, 1, 20])).toEqual(['begin', 'extend', 'end']))
  it('keeps its stroke when a second finger comes late', () => {
    expect(deeds([land, 1, 0], [land, 2, 150], [move, 2, 160], [lift, 2, 170], [move, 1, 180], [lift, 1, 190])).toEqual(['begin', 'extend', 'end'])
  })
})

describe('fingers that land together', () => {
  it('undo with a tap of two, and take the stroke just begun away', () => {
    expect(deeds([land, 1, 0], [move, 1, 10, { x: 4 }], [land, 2, 60], [lift, 1, 150], [lift, 2, 160])).toEqual(['begin', 'extend', 'drop', 'undo'])
  })
  it('redo with a tap of three', () => {
    expect(deeds([land, 1, 0], [land, 2, 30], [land, 3, 60], [lift, 2, 90], [lift, 1, 95], [lift, 3, 99])).toEqual(['begin', 'drop', 'redo'])
  })
  it('do nothing when the system takes them away', () => {
    expect(deeds([land, 1, 0], [land, 2, 60], [lose, 1, 90], [lose, 2, 91])).toEqual(['begin', 'drop'])
  })
  it('undo although a lifted finger loses its capture', () => {
    expect(deeds([land, 1, 0], [land, 2, 60], [lift, 1, 90], [lose, 1, 90], [lift, 2, 95], [lose, 2, 95])).toEqual(['begin', 'drop', 'undo'])
  })
  it('do nothing when they rest or slide', () => {
    expect(deeds([land, 1, 0], [land, 2, 60], [lift, 1, 600], [lift, 2, 610])).toEqual(['begin', 'drop'])
    expect(deeds([land, 1, 0], [land, 2, 60], [move, 1, 100, { x: 40 }], [lift, 1, 150], [lift, 2, 160])).toEqual(['begin', 'drop'])
  })
  it('leave the paper free for the next stroke', () => {
    expect(deeds([land, 1, 0], [land, 2, 10], [lift, 1, 90], [lift, 2, 99], [land, 3, 500])).toEqual(['begin', 'drop', 'undo', 'begin'])
  })
})

describe('a palm', () => {
  it('is told by its size', () => expect(deeds([land, 1, 0, { size: 90 }], [move, 1, 10, { size: 90 }], [lift, 1, 20])).toEqual([]))
  it('is told when it lies down, while a finger may grow broad on its way', () => {
    expect(deeds([land, 1, 0], [move, 1, 100, { size: 90 }], [move, 1, 110], [lift, 1, 120])).toEqual(['begin', 'drop'])
    expect(deeds([land, 1, 0], [move, 1, 900, { size: 90 }])).toEqual(['begin', 'extend'])
  })
  it('does not draw beside a pen, nor for a minute after it', () => {
    expect(deeds([land, 9, 0, pen], [land, 1, 10], [move, 1, 20], [lift, 9, 30, pen], [land, 2, 500], [move, 2, 510], [lift, 2, 520])).toEqual(['begin', 'end'])
  })
  it('does not draw once a pen has hovered', () => expect(deeds([move, 9, 0, pen], [land, 1, 10])).toEqual([]))
  it('loses its stroke to the pen that lands after it', () => {
    expect(deeds([land, 1, 0], [move, 1, 200], [land, 9, 300, pen], [move, 1, 310], [move, 9, 320, pen])).toEqual(['begin', 'extend', 'drop', 'begin', 'extend'])
  })
  it('gives way to fingers again when the pen has long been away', () => {
    expect(deeds([land, 9, 0, pen], [lift, 9, 10, pen], [land, 1, 61_000])).toEqual(['begin', 'end', 'begin'])
  })
  it('leaves two fingers their tap', () => {
    expect(deeds([land, 9, 0, pen], [lift, 9, 10, pen], [land, 1, 500], [land, 2, 520], [lift, 1, 600], [lift, 2, 610])).toEqual(['begin', 'end', 'undo'])
  })
})
