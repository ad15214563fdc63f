import { expect, it } from 'vitest'
import { latest } from './latest'

/** A question that is answered when the test says so. */
function slow(): { ask: (question: number) => Promise<number>; asked: number[]; answer: () => Promise<void>; fail: () => Promise<void> } {
  const asked: number[] = []
  let [settle, refuse] = [(_: number): void => {}, (_: Error): void => {}]
  return {
    asked,
    ask: (question) => (asked.push(question), new Promise((yes, no) => ([settle, refuse] = [yes, no]))),
    answer: async () => (settle(10 * asked[asked.length - 1]), await new Promise((done) => setTimeout(done))),
    fail: async () => (refuse(new Error('no')), await new Promise((done) => setTimeout(done))),
  }
}

it('answers the first and the newest question, and null in between', async () => {
  const { ask, asked, answer } = slow()
  const question = latest(ask)
  const answers = Promise.all([1, 2, 3, 4].map(question))
  await answer()
  expect(asked).toEqual([1, 4])
  await answer()
  expect(await answers).toEqual([10, null, null, 40])
})

it('goes on after a failure', async () => {
  const { ask, answer, fail } = slow()
  const question = latest(ask)
  const first = expect(question(1)).rejects.toThrow('no')
  const second = question(2)
  await fail()
  await first
  await answer()
  expect(await second).toBe(20)
})
