/** The text of a file, unzipped where it is gzip (.ndjson.gz, .svgz), and no more of it than a page should hold. */
import { Unreadable } from './fault'

const MOST = 8 << 20 // bytes: thousands of drawings; a category of Quick, Draw! has gigabytes
const GZIP = [0x1f, 0x8b]

/** The text; of a larger file its first whole lines. Throws Unreadable for a damaged gzip file. */
export async function textOf(file: Blob): Promise<string> {
  const first = new Uint8Array(await file.slice(0, GZIP.length).arrayBuffer())
  const isZipped = GZIP.every((byte, index) => first[index] === byte)
  try {
    return await beginning(isZipped ? file.stream().pipeThrough(new DecompressionStream('gzip')) : file.stream())
  } catch {
    throw new Unreadable({ kind: 'file' })
  }
}

async function beginning(stream: ReadableStream<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  const reader = stream.getReader()
  let [text, size] = ['', 0]
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    text += decoder.decode(next.value, { stream: true })
    size += next.value.length
    if (size < MOST) continue
    await reader.cancel()
    return text.slice(0, text.lastIndexOf('\n') + 1)
  }
  return text + decoder.decode()
}
