import { expect, it } from 'vitest'
import { Keyboard } from './keyboard.svelte'

/** A keyboard over a pen that notes what is done with it; `type` presses keys one after the other. */
function desk() {
  const done: string[] = []
  let down = false
  const pen = {
    get down() {
      return down
    },
    put: ({ x, y }: { x: number; y: number }) => void ((down = true), done.push(`put ${x},${y}`)),
    go: (samples: readonly { x: number; y: number }[]) => void done.push(...samples.map(({ x, y }) => `go ${x},${y}`)),
    lift: () => void ((down = false), done.push('lift')),
    drop: () => void (down = false),
  }
  const keyboard = new Keyboard({
    size: () => ({ width: 200, height: 100 }),
    sampleAt: ({ x, y }, time) => ({ x, y, time, pressure: null }),
    implement: () => pen,
    changeTool: () => void done.push('change'),
  })
  const press = (key: string, more: object = {}) =>
    keyboard.press({ key, repeat: false, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, timeStamp: 0, ...more } as KeyboardEvent)
  const type = (...keys: string[]) => keys.forEach((key) => (press(key), keyboard.release({ key } as KeyboardEvent)))
  return { done, keyboard, press, type, takeAway: () => (down = false) }
}

it('moves in the air, draws on the paper, and lifts by Space or Escape', () => {
  const { done, type } = desk()
  type('ArrowRight', ' ', 'ArrowDown', ' ', 'ArrowDown', ' ', 'Escape', 'ArrowDown')
  expect(done).toEqual(['put 106,50', 'go 106,56', 'lift', 'put 106,62', 'lift'])
})

it('goes aslant while two arrows are down', () => {
  const { keyboard, press } = desk()
  press('ArrowRight')
  press('ArrowDown')
  expect(keyboard.cursor!.x).toBeGreaterThan(106)
  expect(keyboard.cursor!.y).toBeGreaterThan(50)
})

it('puts the pen down afresh when its stroke was taken away', () => {
  const { done, type, takeAway } = desk()
  type(' ')
  takeAway()
  type('ArrowUp', ' ')
  expect(done).toEqual(['put 100,50', 'put 100,44'])
})

it('lifts before it changes the tool, and when it is left', () => {
  const { done, keyboard, type } = desk()
  type(' ', 'e', ' ')
  keyboard.leave()
  expect(done).toEqual(['put 100,50', 'lift', 'change', 'put 100,50', 'lift'])
  expect(keyboard.cursor).toBeNull()
})

it('leaves other keys, and those of the browser, alone', () => {
  const { done, press } = desk()
  expect([press('Tab'), press('x'), press('Escape'), press('e', { ctrlKey: true }), press('ArrowLeft', { altKey: true })]).toEqual(Array(5).fill(false))
  expect(done).toEqual([])
})
