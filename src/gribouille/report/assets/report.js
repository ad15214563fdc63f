'use strict'
const values = JSON.parse(document.getElementById('values').textContent)
const filled = (text, parts) => text.replace(/\{(\w+)\}/g, (_, name) => parts[name])
const counted = (n) => n.toLocaleString(values.language)
const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()

// One model's part at a time.
for (const select of document.querySelectorAll('[data-shows]')) {
  const parts = document.querySelectorAll(`[data-of="${select.dataset.shows}"]`)
  select.addEventListener('change', () => parts.forEach((part, place) => (part.hidden = place !== Number(select.value))))
}

// Words: search, order, some or all of them.
{
  const SHOWN = 24
  const [list, search, sort, more, matches] = ['bars', 'search', 'sort', 'more', 'matches'].map((id) => document.getElementById(id))
  const rows = [...list.children].map((row) => ({
    row,
    word: row.querySelector('span').textContent,
    found: plain(`${row.querySelector('span').textContent}\n${row.dataset.also ?? ''}`),
    bounds: row.dataset.bounds.split(',').map((pair) => pair.split(' ').map(Number)),
  }))
  let all = false
  const show = () => {
    const [order, model] = sort.value.split(' ')
    // Surest first: the least upper bound is the worst, the greatest lower one the best.
    const [bound, sign] = order === 'best' ? [0, -1] : [1, 1]
    const byWord = (one, other) => one.word.localeCompare(other.word, values.language)
    const ranked = order === 'word' ? byWord : (one, other) => sign * (one.bounds[model][bound] - other.bounds[model][bound]) || byWord(one, other)
    const wanted = plain(search.value.trim())
    const fitting = rows.filter(({ found }) => found.includes(wanted)).sort(ranked)
    const shown = all ? fitting : fitting.slice(0, SHOWN)
    list.replaceChildren(...shown.map(({ row }) => row))
    matches.textContent = filled(values.texts.matches, { n: counted(fitting.length), of: counted(rows.length) })
    more.hidden = fitting.length <= SHOWN
    more.textContent = filled(values.texts[all ? 'show fewer' : 'show all'], { n: counted(fitting.length) })
  }
  search.addEventListener('input', show)
  sort.addEventListener('change', show)
  more.addEventListener('click', () => { all = !all; show() })
  show()
}

// The confusion matrix: `view` is what is seen of it (in cells), the canvas a picture of it.
{
  const canvas = document.getElementById('matrix')
  const [select, goTo, said] = ['matrix-model', 'go-to', 'cell'].map((id) => document.getElementById(id))
  const pen = canvas.getContext('2d')
  const { words, texts } = values
  const n = words.length
  const GUTTER = 0.24 // of the canvas's shorter side, for words
  const NAMED = 9 // px a cell has at least where words are shown
  const view = { x: 0, y: 0, cell: 1 }
  let model, at, chosen = null, whole = 1

  const size = () => ({ width: canvas.clientWidth, height: canvas.clientHeight })
  const named = () => view.cell >= NAMED
  const gutter = () => (named() ? Math.min(150, GUTTER * Math.min(size().width, size().height) + 20) : 0)

  const load = () => {
    const { name, cells, of } = values.models[select.value]
    at = new Map()
    for (let i = 0; i < cells.length; i += 3) at.set(cells[i] * (n + 1) + cells[i + 1], cells[i + 2])
    model = { of, name }
    canvas.setAttribute('aria-label', filled(texts['confusion label'], { name, n: counted(n) }))
  }
  const bound = () => {
    const { width, height } = size()
    const [across, down] = [(width - gutter()) / view.cell, (height - gutter()) / view.cell]
    view.x = across >= n + 1 ? (n + 1 - across) / 2 : Math.min(Math.max(view.x, 0), n + 1 - across)
    view.y = down >= n ? (n - down) / 2 : Math.min(Math.max(view.y, 0), n - down)
    canvas.style.touchAction = view.cell > whole * 1.01 ? 'none' : 'pan-y'
  }
  const fit = () => {
    const { width, height } = size()
    whole = Math.min(width / (n + 1), height / n)
    if (whole >= NAMED) whole = Math.max(NAMED, Math.min((width - 150) / (n + 1), (height - 150) / n))
    view.cell = whole
    view.x = view.y = 0
    show()
  }
  const place = (x, y) => ({ column: view.x + (x - gutter()) / view.cell, row: view.y + (y - gutter()) / view.cell })
  const zoom = (factor, x = size().width / 2, y = size().height / 2) => {
    const before = place(x, y)
    view.cell = Math.min(Math.max(view.cell * factor, whole), Math.max(48, 2 * whole))
    const after = place(x, y)
    view.x += before.column - after.column
    view.y += before.row - after.row
    show()
  }
  const show = () => {
    bound()
    canvas.dataset.cell = view.cell
    const { width, height } = size()
    const scale = devicePixelRatio || 1
    canvas.width = Math.round(width * scale)
    canvas.height = Math.round(height * scale)
    pen.setTransform(scale, 0, 0, scale, 0, 0)
    const style = getComputedStyle(document.documentElement)
    const colour = (name) => style.getPropertyValue(name).trim()
    const edge = gutter()
    const left = (column) => edge + (column - view.x) * view.cell
    const top = (row) => edge + (row - view.y) * view.cell
    pen.save()
    pen.beginPath()
    pen.rect(edge, edge, width, height)
    pen.clip()
    pen.fillStyle = colour('--soft')
    pen.fillRect(left(0), top(0), n * view.cell, n * view.cell)
    const least = Math.max(view.cell, 2.2) // a lone cell of less would not be seen
    for (const [key, drawings] of at) {
      const [row, column] = [Math.floor(key / (n + 1)), key % (n + 1)]
      pen.globalAlpha = 0.35 + 0.65 * Math.sqrt(drawings / model.of[row])
      pen.fillStyle = colour(row === column ? '--right' : '--wrong')
      pen.fillRect(left(column), top(row), least, least)
    }
    pen.globalAlpha = 1
    if (chosen) {
      pen.strokeStyle = colour('--ink')
      pen.lineWidth = 2
      const wide = Math.max(view.cell, 5)
      pen.strokeRect(left(chosen.column) - 1, top(chosen.row) - 1, wide + 2, wide + 2)
    }
    pen.restore()
    if (named()) {
      const font = Math.min(14, Math.max(9, view.cell * 0.8))
      pen.font = `${font}px system-ui, sans-serif`
      pen.textBaseline = 'middle'
      const line = (index, x, y, turned, strong) => {
        pen.save()
        pen.translate(x, y)
        if (turned) pen.rotate(-Math.PI / 2)
        pen.fillStyle = colour(strong ? '--accent' : '--ink')
        pen.textAlign = turned ? 'left' : 'right'
        pen.fillText(words[index] ?? '…', 0, 0, edge - 8)
        pen.restore()
      }
      for (let i = Math.max(0, Math.floor(view.y)); i < n && top(i) < height; i++)
        if (top(i) + view.cell / 2 > edge) line(i, edge - 4, top(i) + view.cell / 2, false, chosen?.row === i)
      for (let i = Math.max(0, Math.floor(view.x)); i <= n && left(i) < width; i++)
        if (left(i) + view.cell / 2 > edge) line(i, left(i) + view.cell / 2, edge - 4, true, chosen?.column === i)
    }
  }
  const tell = () => {
    const { row, column } = chosen
    const text = column === row ? 'cell right' : column === n ? 'cell other' : 'cell'
    const drawings = at.get(row * (n + 1) + column) ?? 0
    said.textContent = filled(texts[text], { n: counted(drawings), m: counted(model.of[row]), row: words[row], column: words[column] })
  }
  const choose = (row, column, follow) => {
    chosen = { row: Math.min(Math.max(row, 0), n - 1), column: Math.min(Math.max(column, 0), n) }
    if (follow) {
      const { width, height } = size()
      const [across, down] = [(width - gutter()) / view.cell, (height - gutter()) / view.cell]
      if (chosen.column < view.x || chosen.column + 1 > view.x + across) view.x = chosen.column - across / 2
      if (chosen.row < view.y || chosen.row + 1 > view.y + down) view.y = chosen.row - down / 2
    }
    tell()
    show()
  }
  // Of the cells under a finger or a pointer, the nearest one that has drawings.
  const under = (x, y) => {
    const { row, column } = place(x, y)
    if (row < 0 || column < 0 || row >= n || column >= n + 1) return null
    const reach = Math.ceil(6 / view.cell)
    let best = null
    for (let i = -reach; i <= reach; i++)
      for (let j = -reach; j <= reach; j++) {
        const [r, c] = [Math.floor(row) + i, Math.floor(column) + j]
        const far = Math.hypot(r + 0.5 - row, c + 0.5 - column)
        if (c >= 0 && c <= n && at.has(r * (n + 1) + c) && (!best || far < best.far)) best = { row: r, column: c, far }
      }
    return view.cell < 6 ? best : { row: Math.floor(row), column: Math.floor(column) }
  }

  const held = new Map()
  let moved = 0
  const from = ({ clientX, clientY }) => {
    const box = canvas.getBoundingClientRect()
    return { x: clientX - box.left, y: clientY - box.top }
  }
  canvas.addEventListener('pointerdown', (event) => {
    canvas.setPointerCapture(event.pointerId)
    held.set(event.pointerId, from(event))
    if (held.size === 1) moved = 0
  })
  canvas.addEventListener('pointermove', (event) => {
    const now = from(event)
    const before = held.get(event.pointerId)
    if (!before) {
      const cell = event.pointerType === 'mouse' && under(now.x, now.y)
      if (cell) choose(cell.row, cell.column)
      return
    }
    held.set(event.pointerId, now)
    moved += Math.hypot(now.x - before.x, now.y - before.y)
    if (held.size === 1) {
      view.x -= (now.x - before.x) / view.cell
      view.y -= (now.y - before.y) / view.cell
      show()
    } else {
      const [other] = [...held].filter(([id]) => id !== event.pointerId).map(([, point]) => point)
      const apart = (point) => Math.hypot(point.x - other.x, point.y - other.y)
      zoom(apart(now) / Math.max(apart(before), 1), (now.x + other.x) / 2, (now.y + other.y) / 2)
    }
  })
  const let_go = (event) => {
    const point = held.get(event.pointerId)
    held.delete(event.pointerId)
    if (event.type !== 'pointerup' || !point || moved > 6) return
    const cell = under(point.x, point.y)
    if (cell) choose(cell.row, cell.column)
  }
  for (const kind of ['pointerup', 'pointercancel']) canvas.addEventListener(kind, let_go)
  canvas.addEventListener('wheel', (event) => {
    if (document.activeElement !== canvas && !event.ctrlKey) return // the page scrolls until somebody clicks here
    event.preventDefault()
    const { x, y } = from(event)
    zoom(Math.exp(-event.deltaY / 300), x, y)
  }, { passive: false })
  const centre = () => {
    if (!chosen) return [undefined, undefined]
    return [gutter() + (chosen.column + 0.5 - view.x) * view.cell, gutter() + (chosen.row + 0.5 - view.y) * view.cell]
  }
  const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }
  canvas.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return
    const step = STEPS[event.key]
    if (step) choose((chosen?.row ?? 0) + (chosen ? step[0] : 0), (chosen?.column ?? 0) + (chosen ? step[1] : 0), true)
    else if (event.key === '+' || event.key === '=') zoom(1.6, ...centre())
    else if (event.key === '-') zoom(1 / 1.6, ...centre())
    else if (event.key === '0') fit()
    else return
    event.preventDefault()
  })
  for (const button of document.querySelectorAll('[data-zoom]'))
    button.addEventListener('click', () => {
      if (button.dataset.zoom === 'whole') fit()
      else zoom(button.dataset.zoom === 'in' ? 1.6 : 1 / 1.6, ...centre())
    })
  goTo.addEventListener('input', () => {
    const index = words.findIndex((word) => plain(word) === plain(goTo.value.trim()))
    if (index < 0) return
    view.cell = Math.max(view.cell, 16)
    view.x = view.y = index - 8
    choose(index, index, true)
  })
  select.addEventListener('change', () => { load(); if (chosen) tell(); show() })
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', show)
  new ResizeObserver(fit).observe(canvas)
  load()
}
