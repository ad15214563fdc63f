/** What the build makes with some work, kept between builds in web/build: a file stands for all that it was made from. */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const KEPT = join(dirname(fileURLToPath(import.meta.url)), 'build')

/** The path of a file of this name, made where none was made from the same sources yet. */
export async function made(name: string, sources: readonly Uint8Array[], make: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  const hash = createHash('sha256')
  for (const source of sources) hash.update(source)
  const path = join(KEPT, hash.digest('hex').slice(0, 16), name)
  if (existsSync(path)) return path
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.part`, await make())
  renameSync(`${path}.part`, path)
  return path
}
