/** A file of the site, as bytes. */

const PATIENCE = 20_000 // ms without a byte

/** A file that did not come. */
export class DownloadError extends Error {}

/**
 * The bytes of a file, however long they take, as long as some keep coming. Throws DownloadError where they do not, and
 * when `left` is aborted. `came` is told of how many bytes are here, unpacked from the transport's own compression.
 */
export async function download(url: string, left: AbortSignal, came: (bytes: number) => void = () => {}): Promise<ArrayBuffer> {
  const stop = new AbortController()
  left.addEventListener('abort', () => stop.abort(left.reason), { signal: stop.signal })
  const silence = new DownloadError(`nothing came for ${PATIENCE / 1000} s`)
  const wait = (): ReturnType<typeof setTimeout> => setTimeout(() => stop.abort(silence), PATIENCE)
  let late = wait()
  let bytes = 0
  const heard = (piece: Uint8Array): void => {
    clearTimeout(late)
    late = wait()
    came((bytes += piece.length))
  }
  try {
    left.throwIfAborted()
    return await bytesOf(url, stop.signal, heard)
  } catch (error) {
    throw error instanceof DownloadError ? error : new DownloadError(error instanceof Error ? error.message : String(error))
  } finally {
    clearTimeout(late)
  }
}

async function bytesOf(url: string, signal: AbortSignal, heard: (piece: Uint8Array) => void): Promise<ArrayBuffer> {
  const response = await fetch(url, { signal })
  if (!response.ok || !response.body) throw new DownloadError(`${url}: ${response.status} ${response.statusText}`)
  const told = new TransformStream<Uint8Array, Uint8Array>({
    transform: (piece, out) => {
      heard(piece)
      out.enqueue(piece)
    },
  })
  return new Response(response.body.pipeThrough(told)).arrayBuffer()
}

/** The bytes of a gzipped file. */
export function unpacked(file: ArrayBuffer): Promise<ArrayBuffer> {
  return new Response(new Blob([file]).stream().pipeThrough(new DecompressionStream('gzip'))).arrayBuffer()
}

/** Throws DownloadError for bytes of another hash (hex). Where the page has no https, browsers give it no way to know. */
export async function check(file: ArrayBuffer, sha256: string): Promise<void> {
  const subtle = crypto.subtle as SubtleCrypto | undefined
  if (!subtle) return
  const bytes = new Uint8Array(await subtle.digest('SHA-256', file))
  const found = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
  if (found !== sha256) throw new DownloadError(`expected a model with the sha256 ${sha256}, found ${found}`)
}
