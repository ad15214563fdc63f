/**
 * Records how long a guess took: performance.measure "guess", from the last pointer event of its drawing to painted bars.
 *
 * `start` is event.timeStamp in ms, on the clock of performance.now(). A message posted from an animation frame arrives
 * after that frame has been painted.
 */
import { record } from '../recognise/record'

export function measureGuess(start: number): void {
  requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel()
    port1.onmessage = () => {
      record('guess', start, performance.now())
      port1.close()
    }
    port2.postMessage(null)
  })
}
