/** A Vite plugin: public/icon.svg as PNG files, for systems that take no SVG (iOS's home screen, some launchers). */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Resvg } from '@resvg/resvg-js'
import type { Plugin } from 'vite'

// Pixels, and how much of the square the drawing takes: a launcher may cut a maskable icon down to a circle of 80 %.
const ICONS = [
  { fileName: 'icon-192.png', size: 192, share: 1 },
  { fileName: 'icon-512.png', size: 512, share: 1 },
  { fileName: 'icon-maskable-512.png', size: 512, share: 0.85 },
  { fileName: 'apple-touch-icon.png', size: 180, share: 0.85 },
]

export function icons(): Plugin {
  let source = ''
  return {
    name: 'icons',
    apply: 'build',
    configResolved: ({ publicDir }) => void (source = join(publicDir, 'icon.svg')),
    generateBundle() {
      const icon = readFileSync(source, 'utf8')
      for (const { fileName, size, share } of ICONS) this.emitFile({ type: 'asset', fileName, source: png(icon, size, share) })
    },
  }
}

/** The icon on a square of its own ground: launchers cut their own shape. */
function png(icon: string, size: number, share: number): Uint8Array {
  const ground = /fill="(#\w{6})"/.exec(icon)?.[1]
  if (ground === undefined) throw new Error('icon.svg: expected a ground, fill="#rrggbb", found none')
  const side = size * share
  const placed = icon.replace('<svg ', `<svg x="${(size - side) / 2}" y="${(size - side) / 2}" width="${side}" height="${side}" `)
  const square = `<svg xmlns="http://www.w3.org/2000/svg" width="${size}" height="${size}"><rect width="100%" height="100%" fill="${ground}"/>${placed}</svg>`
  return new Resvg(square).render().asPng()
}
