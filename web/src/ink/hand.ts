/**
 * What the pointers on the paper mean together: one of them draws; fingers that land together tap; a palm is nothing.
 *
 * In come pointer events, places and contact sizes in CSS pixels, times in ms; out come deeds for whoever holds the pen.
 *   - A finger draws. A second one that lands within TOGETHER of it makes a gesture of both, and the stroke just begun goes.
 *     Two fingers that tap undo, three redo. A second finger that lands later does nothing.
 *   - A contact wider than PALM is a palm, and ignored; so is one that grows as wide just after it has landed.
 *   - A pen always draws: a touch that was drawing when it lands was its palm, and that stroke goes. From the moment that a
 *     pen is seen, hovering or down, until PEN_REMEMBERED after it was last seen, fingers only tap.
 */
export type Contact = {
  readonly id: number
  readonly kind: string // PointerEvent.pointerType
  readonly x: number
  readonly y: number
  readonly size: number // the longer side of what touches
  readonly time: number
}
/** What is to be done with the pen (begin, extend, end, drop the stroke), or with the drawing. */
export type Deed = 'begin' | 'extend' | 'end' | 'drop' | 'undo' | 'redo'

type Gesture = { readonly began: number; readonly down: ReadonlyMap<number, Contact>; readonly most: number; readonly still: boolean }
export type Hand = { readonly drawing: Contact | null; readonly gesture: Gesture | null; readonly penSeen: number }

export const IDLE: Hand = { drawing: null, gesture: null, penSeen: -Infinity }

const TOGETHER = 100 // ms between fingers that land together
const TAP = 350 // ms that a tap lasts at most
const SLACK = 14 // pixels that a finger may slip while it taps
const PALM = 60 // pixels: fingertips measure up to 45
const SPREADING = 250 // ms in which a palm that has landed lies down
const PEN_REMEMBERED = 60_000 // ms: time to think with a palm on the paper

type Outcome = readonly [hand: Hand, deeds: readonly Deed[]]

/** A pointer touches the paper. */
export function land(hand: Hand, contact: Contact): Outcome {
  if (contact.kind === 'pen') return landPen(hand, contact)
  if (contact.kind === 'touch') return landFinger(hand, contact)
  return hand.drawing ? [hand, []] : [{ ...hand, drawing: contact }, ['begin']]
}

/** A pointer moves, on the paper or above it. */
export function move(before: Hand, contact: Contact): Outcome {
  const hand = contact.kind === 'pen' ? { ...before, penSeen: contact.time } : before
  if (contact.id === hand.drawing?.id) {
    const palm = contact.kind === 'touch' && contact.size > PALM && contact.time - hand.drawing.time <= SPREADING
    return palm ? [{ ...hand, drawing: null }, ['drop']] : [hand, ['extend']]
  }
  const landed = hand.gesture?.down.get(contact.id)
  if (!hand.gesture || !landed || Math.hypot(contact.x - landed.x, contact.y - landed.y) <= SLACK) return [hand, []]
  return [{ ...hand, gesture: { ...hand.gesture, still: false } }, []]
}

/** The system takes a pointer away, a palm for one: what it drew stays, and nothing that it did was a tap. */
export function lose(hand: Hand, contact: Contact): Outcome {
  const taken = hand.gesture?.down.has(contact.id) // a finger that was lifted loses its capture after that
  const gesture = hand.gesture && taken ? { ...hand.gesture, still: false } : hand.gesture
  return lift({ ...hand, gesture }, contact)
}

/** A pointer is lifted. */
export function lift(hand: Hand, contact: Contact): Outcome {
  if (contact.id === hand.drawing?.id) return [{ ...hand, drawing: null }, ['end']]
  if (!hand.gesture?.down.has(contact.id)) return [hand, []]
  const down = new Map(hand.gesture.down)
  down.delete(contact.id)
  if (down.size > 0) return [{ ...hand, gesture: { ...hand.gesture, down } }, []]
  return [{ ...hand, gesture: null }, meaning(hand.gesture, contact.time)]
}

function landPen(hand: Hand, contact: Contact): Outcome {
  if (hand.drawing?.kind === 'pen') return [hand, []]
  return [{ drawing: contact, gesture: null, penSeen: contact.time }, hand.drawing ? ['drop', 'begin'] : ['begin']]
}

function landFinger(hand: Hand, contact: Contact): Outcome {
  const { drawing, gesture } = hand
  if (contact.size > PALM) return [hand, []]
  if (gesture) return [{ ...hand, gesture: joined(gesture, contact) }, []]
  if (!drawing) {
    if (contact.time - hand.penSeen < PEN_REMEMBERED) return [{ ...hand, gesture: gestureOf(contact) }, []]
    return [{ ...hand, drawing: contact }, ['begin']]
  }
  if (drawing.kind !== 'touch' || contact.time - drawing.time > TOGETHER) return [hand, []]
  return [{ ...hand, drawing: null, gesture: joined(gestureOf(drawing), contact) }, ['drop']]
}

function gestureOf(contact: Contact): Gesture {
  return { began: contact.time, down: new Map([[contact.id, contact]]), most: 1, still: true }
}

function joined(gesture: Gesture, contact: Contact): Gesture {
  const down = new Map(gesture.down).set(contact.id, contact)
  return { ...gesture, down, most: Math.max(gesture.most, down.size) }
}

function meaning({ began, most, still }: Gesture, time: number): readonly Deed[] {
  if (!still || time - began > TAP) return []
  return most === 2 ? ['undo'] : most === 3 ? ['redo'] : []
}
