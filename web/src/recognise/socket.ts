/** The way over the server's WebSocket: the whole drawing each time, one question under way at a time. */
import type { Card } from './card'
import type { Ask, Working } from './recogniser'
import { fromWire, toWire, type Answer } from './wire'

const PATIENCE = 5000 // ms to open, and to answer

export async function openSocket(card: Card, left: AbortSignal, working: Working): Promise<Ask> {
  const url = new URL('api/v1/live', document.baseURI)
  url.protocol = url.protocol === 'https:' ? 'wss:' : 'ws:'
  const socket = new WebSocket(url)
  left.addEventListener('abort', () => socket.close())
  await heard(socket, 'open')
  working(card.sha256, true)
  let id = 0
  return async (strokes) => {
    id += 1
    if (socket.readyState !== WebSocket.OPEN) throw new Error('the connection to the server is closed')
    socket.send(JSON.stringify({ strokes: toWire(strokes), id }))
    for (;;) {
      const answer = JSON.parse(await heard(socket, 'message')) as Answer
      if (answer.id === undefined || answer.id === id) return fromWire(answer)
    }
  }
}

/** The socket's next event of a type, its text where it has one. Rejects when it closes, errs or keeps us waiting. */
function heard(socket: WebSocket, type: 'open' | 'message'): Promise<string> {
  return new Promise((resolve, reject) => {
    const over = new AbortController()
    const { signal } = over
    const late = setTimeout(() => settle(() => reject(new Error(`no ${type} from the server in ${PATIENCE} ms`))), PATIENCE)
    const settle = (finish: () => void): void => {
      clearTimeout(late)
      over.abort()
      finish()
    }
    socket.addEventListener(type, (event) => settle(() => resolve((event as MessageEvent<string>).data)), { signal })
    for (const end of ['close', 'error']) {
      socket.addEventListener(end, () => settle(() => reject(new Error('the connection to the server closed'))), { signal })
    }
  })
}
