/**
 * A Vite plugin: public/icon.svg as PNG files, for systems that take no SVG (iOS's home screen, some launchers).
 *
 * The icon is one round-ended line on a coloured ground, so it is drawn as the model draws: coverage = clip(width/2 + ½ −
 * distance to the nearest segment, 0, 1).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { crc32, deflateSync } from 'node:zlib'
import type { Plugin } from 'vite'

// Pixels, and how much of the square the drawing takes: a launcher may cut a maskable icon down to a circle of 80 %.
const ICONS = [
  { fileName: 'icon-192.png', size: 192, share: 1 },
  { fileName: 'icon-512.png', size: 512, share: 1 },
  { fileName: 'icon-maskable-512.png', size: 512, share: 0.85 },
  { fileName: 'apple-touch-icon.png', size: 180, share: 0.85 },
]
const STEPS = 32 // segments of a curve

type Point = readonly [x: number, y: number]
type Icon = { readonly side: number; readonly ground: Colour; readonly ink: Colour; readonly width: number; readonly line: readonly Point[] }
type Colour = readonly [red: number, green: number, blue: number]

export function icons(): Plugin {
  let source = ''
  return {
    name: 'icons',
    apply: 'build',
    configResolved: ({ publicDir }) => void (source = join(publicDir, 'icon.svg')),
    generateBundle() {
      const icon = read(readFileSync(source, 'utf8'))
      for (const { fileName, size, share } of ICONS) {
        this.emitFile({ type: 'asset', fileName, source: png(size, pixels(icon, size, share)) })
      }
    },
  }
}

function read(svg: string): Icon {
  const found = (pattern: RegExp): string => {
    const [, value] = pattern.exec(svg) ?? []
    if (value === undefined) throw new Error(`icon.svg: expected ${pattern}, found none`)
    return value
  }
  return {
    side: Number(found(/viewBox="0 0 (\d+) \1"/)),
    ground: colour(found(/fill="(#\w{6})"/)),
    ink: colour(found(/stroke="(#\w{6})"/)),
    width: Number(found(/stroke-width="([\d.]+)"/)),
    line: polyline(found(/ d="([^"]+)"/)),
  }
}

function colour(hex: string): Colour {
  const at = (place: number): number => parseInt(hex.slice(place, place + 2), 16)
  return [at(1), at(3), at(5)]
}

/** The points of a path of one M and of relative curves, c and s. */
function polyline(path: string): Point[] {
  const points: Point[] = []
  let handle: Point = [0, 0] // the last curve's second handle
  for (const [, command, numbers] of path.matchAll(/([A-Za-z])([^A-Za-z]*)/g)) {
    const values = (numbers.match(/-?(\d*\.)?\d+/g) ?? []).map(Number)
    if (command === 'M') points.push([values[0], values[1]])
    else if (command === 'c' || command === 's') {
      for (let at = 0; at < values.length; at += command === 'c' ? 6 : 4) {
        const from = points[points.length - 1]
        const rest = pairs(values.slice(at, at + (command === 'c' ? 6 : 4)), from)
        const [a, b, to] = command === 'c' ? rest : [[2 * from[0] - handle[0], 2 * from[1] - handle[1]] as const, ...rest]
        points.push(...curve(from, a, b, to))
        handle = b
      }
    } else throw new Error(`icon.svg: expected a path of M, c and s, found ${command}`)
  }
  return points
}

function pairs(values: readonly number[], from: Point): Point[] {
  return values.flatMap((value, place) => (place % 2 === 0 ? [[from[0] + value, from[1] + values[place + 1]] as const] : []))
}

function curve(from: Point, a: Point, b: Point, to: Point): Point[] {
  const at = (axis: 0 | 1, t: number): number =>
    (1 - t) ** 3 * from[axis] + 3 * (1 - t) ** 2 * t * a[axis] + 3 * (1 - t) * t ** 2 * b[axis] + t ** 3 * to[axis]
  return Array.from({ length: STEPS }, (_, step) => [at(0, (step + 1) / STEPS), at(1, (step + 1) / STEPS)] as const)
}

/** RGB, row after row. The ground fills the square: launchers cut their own shape. */
function pixels({ side, ground, ink, width, line }: Icon, size: number, share: number): Uint8Array {
  const scale = (share * size) / side
  const out = new Uint8Array(3 * size * size)
  for (let place = 0; place < size * size; place++) {
    const x = ((place % size) + 0.5 - size / 2) / scale + side / 2
    const y = (Math.floor(place / size) + 0.5 - size / 2) / scale + side / 2
    const coverage = Math.min(1, Math.max(0, scale * (width / 2 - distance(line, x, y)) + 0.5))
    for (let part = 0; part < 3; part++) out[3 * place + part] = Math.round(ground[part] + coverage * (ink[part] - ground[part]))
  }
  return out
}

/** From a place to the nearest of a line's segments. */
function distance(line: readonly Point[], x: number, y: number): number {
  let nearest = Infinity // squared
  for (let end = 1; end < line.length; end++) {
    const [ax, ay] = line[end - 1]
    const [dx, dy] = [line[end][0] - ax, line[end][1] - ay]
    const along = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)))
    nearest = Math.min(nearest, (x - ax - along * dx) ** 2 + (y - ay - along * dy) ** 2)
  }
  return Math.sqrt(nearest)
}

function png(size: number, rgb: Uint8Array): Uint8Array {
  const head = Buffer.alloc(13)
  head.writeUInt32BE(size, 0)
  head.writeUInt32BE(size, 4)
  head.set([8, 2], 8) // bits, RGB
  const rows = Buffer.concat(Array.from({ length: size }, (_, row) => Buffer.concat([Buffer.of(0), rgb.subarray(3 * size * row, 3 * size * (row + 1))])))
  return Buffer.concat([Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'), chunk('IHDR', head), chunk('IDAT', deflateSync(rows)), chunk('IEND', Buffer.alloc(0))])
}

function chunk(type: string, body: Buffer): Buffer {
  const typed = Buffer.concat([Buffer.from(type, 'latin1'), body])
  const number = (value: number): Buffer => {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(value >>> 0)
    return bytes
  }
  return Buffer.concat([number(body.length), typed, number(crc32(typed))])
}
