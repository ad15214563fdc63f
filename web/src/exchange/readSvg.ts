/**
 * The lines of an SVG picture: text in, strokes out, in the picture's own unit.
 *
 * The browser itself does the geometry. Shapes and their groups, with nothing but the attributes that say where they lie and
 * how they look, are copied into a hidden picture on the page and walked along there; nothing else of the text gets in: no
 * script, no style sheet, no image, no address. Curves become points, one every 1/256 of the drawing's longer side or, in
 * pictures of very many commands, fewer: each look at a path takes the browser longer the longer its text is.
 */
import { boxOf, type Box } from '../ink/box'
import { HEX } from '../ink/colours'
import { COLOURS, MAX_POINTS, type Colour, type Pen } from '../ink/sketch'
import type { Arrival } from './arrival'
import { Unreadable } from './fault'
import { timed, type Line, type Untimed } from './pace'
import { ownPath } from './svg'

const SVG = 'http://www.w3.org/2000/svg'
const PLACES: Readonly<Record<string, readonly string[]>> = {
  svg: ['x', 'y', 'width', 'height', 'viewBox', 'preserveAspectRatio'],
  g: [],
  a: [],
  switch: [],
  path: ['d', 'data-t'],
  polyline: ['points'],
  polygon: ['points'],
  line: ['x1', 'y1', 'x2', 'y2'],
  rect: ['x', 'y', 'width', 'height', 'rx', 'ry'],
  circle: ['cx', 'cy', 'r'],
  ellipse: ['cx', 'cy', 'rx', 'ry'],
}
const LOOKS = ['stroke', 'stroke-width', 'fill', 'display']
const STAGE = 1000 // CSS pixels: what a percentage in a picture without a size is of
const FINENESS = 256 // points along the longer side
const POINTS = 8000 // at most, about, beyond one a line
const WORK = 2e7 // characters of paths looked at: about two seconds on one slow core
const LARGEST = 1e6 // characters of a picture
const START = 1e-6 // of a line's length: at 0 itself, the browser tells where the pen was before a relative move
const DOT = /^\s*[Mm][^Mm]*[AaCcHhLlQqSsTtVvZz][^Mm]*$/ // a line of no length; more than a mere move
const GLANCE = 16 // steps along a line that tell how large the drawing is
const PATIENCE = 12 // ms of work before the page gets its turn

/** A shape without gaps, and where it lies: `frame` takes its points to the picture's unit. A rectangle without a line may be the paper. */
type Trace = { readonly shape: SVGGeometryElement; readonly frame: DOMMatrix; readonly pen: Pen; readonly isPaper: boolean }

/** The drawing of a picture. Throws Unreadable. */
export async function svgDrawing(text: string): Promise<Arrival> {
  if (text.length > LARGEST) throw new Unreadable({ kind: 'large' })
  const stage = document.createElementNS(SVG, 'svg')
  for (const side of ['width', 'height']) stage.setAttribute(side, `${STAGE}`)
  Object.assign(stage.style, { position: 'fixed', visibility: 'hidden', pointerEvents: 'none' })
  copyInto(stage, parsed(text))
  document.body.append(stage)
  try {
    return { ...timed(await linesOn(stage)), word: null }
  } finally {
    stage.remove()
  }
}

function parsed(text: string): Element {
  // Under names that mean nothing to the browser, elements are mere text: no handler, style or address of theirs is looked at.
  const inert = text.replaceAll('http://www.w3.org/', 'inert:')
  const root = new DOMParser().parseFromString(inert, 'application/xml').documentElement
  if (root.localName !== 'svg' || root.querySelector('parsererror')) throw new Unreadable({ kind: 'svg' })
  return root
}

function copyInto(parent: Element, source: Element): void {
  const places = PLACES[source.localName]
  if (!places) return
  const copy = document.createElementNS(SVG, source.localName) as SVGElement
  for (const name of [...places, 'transform']) {
    const value = source.getAttribute(name)
    if (value !== null) copy.setAttribute(name, value)
  }
  const style = document.createElement('i').style // an inline style would be refused by the page's policy; its words are not
  style.cssText = source.getAttribute('style') ?? ''
  for (const name of LOOKS) {
    const value = style.getPropertyValue(name) || (source.getAttribute(name) ?? '')
    if (!value.includes('(') || /^rgba?\(/.test(value)) copy.style.setProperty(name, value) // no url()
  }
  parent.append(copy)
  for (const child of source.children) copyInto(copy, child)
}

async function linesOn(stage: SVGSVGElement): Promise<Untimed[]> {
  const traces = [...stage.querySelectorAll<SVGGeometryElement>('path, polyline, polygon, line, rect, circle, ellipse')]
    .filter((shape) => shape.checkVisibility())
    .flatMap((shape) => tracesOf(shape, stage))
  const rest = breather()
  const glances = await each(traces, (trace) => lineOf(trace, GLANCE, rest))
  const whole = boxOf(glances.map((line) => ({ ...line, t: [] })))
  const drawn = traces.filter((trace, index) => traces.length === 1 || !(trace.isPaper && covers(glances[index], whole)))
  if (drawn.length === 0) throw new Unreadable({ kind: 'lines' })
  const lengths = drawn.map(({ shape, frame }) => shape.getTotalLength() * scaleOf(frame))
  const step = Math.max(Math.max(whole.width, whole.height) / FINENESS, lengths.reduce((sum, length) => sum + length, 0) / POINTS)
  const most = WORK / drawn.reduce((sum, { shape }) => sum + (shape.getAttribute('d')?.length ?? 1), 0)
  const stepsOf = (length: number): number => Math.max(1, Math.ceil(Math.min(length / step, most)) || 0)
  const lines = await each(drawn, (trace, index) => lineOf(trace, stepsOf(lengths[index]), rest))
  const points = lines.reduce((total, { x }) => total + x.length, 0)
  if (points > MAX_POINTS) throw new Unreadable({ kind: 'points', found: points })
  return lines
}

/** Whether a line goes around everything, as far as rounding lets one tell. */
function covers(line: Line, whole: Box): boolean {
  const { width, height } = boxOf([{ ...line, t: [] }])
  return width > 0.99 * whole.width && height > 0.99 * whole.height
}

function tracesOf(shape: SVGGeometryElement, stage: SVGSVGElement): Trace[] {
  const [here, there] = [shape.getScreenCTM(), stage.getScreenCTM()]
  if (!here || !there) return [] // inside a picture of no size
  const frame = DOMMatrix.fromMatrix(there).inverse().multiply(here)
  const isPaper = shape.localName === 'rect' && getComputedStyle(shape).stroke === 'none'
  const trace = { frame, pen: penOf(shape, scaleOf(frame)), isPaper }
  const parts = shape instanceof SVGPathElement ? partsOf(shape) : [shape]
  return parts.filter((part) => part.getTotalLength() > 0 || DOT.test(part.getAttribute('d') ?? '')).map((part) => ({ ...trace, shape: part }))
}

/** A path's pieces between two lifts of the pen, each a path of its own in the same place. */
function partsOf(path: SVGPathElement): SVGPathElement[] {
  const texts = (path.getAttribute('d') ?? '').trim().split(/(?=[Mm])/)
  if (texts.length < 2) return [path]
  let [x, y] = [0, 0]
  return texts.map((text) => {
    const part = path.cloneNode() as SVGPathElement
    // A relative move starts where the piece before it ended.
    part.setAttribute('d', text.trim().startsWith('m') ? `M${x} ${y}${text.trim()}` : text)
    path.parentNode?.append(part)
    ;({ x, y } = part.getPointAtLength(part.getTotalLength()))
    return part
  })
}

async function lineOf(trace: Trace, steps: number, rest: () => Promise<void>): Promise<Untimed> {
  const own = ownPath(trace.shape.getAttribute('d') ?? '', trace.shape.getAttribute('data-t') ?? '')
  if (!own) return { ...(await walked(trace, steps, rest)), t: null, pen: trace.pen }
  const points = own.x.map((x, point) => new DOMPoint(x, own.y[point]).matrixTransform(trace.frame))
  return { x: points.map(({ x }) => x), y: points.map(({ y }) => y), t: own.t, pen: trace.pen }
}

async function walked({ shape, frame }: Trace, steps: number, rest: () => Promise<void>): Promise<Line> {
  const length = shape.getTotalLength()
  const line: { x: number[]; y: number[] } = { x: [], y: [] }
  for (let step = 0; step <= steps; step++) {
    const { x, y } = DOMPoint.fromPoint(shape.getPointAtLength(length * Math.max(step / steps, START))).matrixTransform(frame)
    line.x.push(x)
    line.y.push(y)
    await rest()
  }
  return line
}

function scaleOf({ a, b, c, d }: DOMMatrix): number {
  return Math.sqrt(Math.abs(a * d - b * c))
}

function penOf(shape: Element, scale: number): Pen {
  const { stroke, fill, strokeWidth } = getComputedStyle(shape)
  return { colour: nearestColour(stroke === 'none' ? fill : stroke), width: parseFloat(strokeWidth) * scale }
}

/** The pen's colour that comes nearest to a computed one, "rgb(29, 37, 69)"; ink for one that is none. */
function nearestColour(computed: string): Colour {
  const wanted = computed.match(/[\d.]+/g)?.map(Number) ?? []
  if (wanted.length < 3) return 'ink'
  const distance = (colour: Colour): number =>
    [1, 3, 5].reduce((sum, at, channel) => sum + (parseInt(HEX[colour].slice(at, at + 2), 16) - wanted[channel]) ** 2, 0)
  return COLOURS.reduce((best, colour) => (distance(colour) < distance(best) ? colour : best))
}

/** One after the other: they share the main thread anyway. */
async function each<From, To>(values: readonly From[], map: (value: From, index: number) => Promise<To>): Promise<To[]> {
  const results: To[] = []
  for (const [index, value] of values.entries()) results.push(await map(value, index))
  return results
}

/** To be called between pieces of work: now and then it gives the page its turn. */
function breather(): () => Promise<void> {
  let began = performance.now()
  return async () => {
    if (performance.now() - began < PATIENCE) return
    await new Promise((resolve) => setTimeout(resolve))
    began = performance.now()
  }
}
