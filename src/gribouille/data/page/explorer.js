'use strict'
// The store's words come from words.js, a word's drawings from words/N.js: both call `gribouille`, because a page that was
// opened from disk may load scripts but not fetch. The state is the address (#word) and the filters; `render` shows it.

const TEXTS = {
  en: {
    skip: 'Skip to the drawings',
    title: 'Every word',
    search: 'Search, in English or French',
    order: 'Order',
    byName: 'by name',
    byMost: 'most drawings first',
    byLeast: 'fewest drawings first',
    back: '← Every word',
    recognized: 'Recognized by the game',
    any: 'all',
    yes: 'yes',
    no: 'no',
    unknown: 'not known',
    country: 'Country',
    anyCountry: 'all',
    random: 'Random page',
    before: '← Previous',
    after: 'Next →',
    close: 'Close',
    switch: 'Français',
    about: (rows, words) => `${rows} drawings of ${words} words`,
    matches: (n, all) => (n === all ? `${n} words` : `${n} of ${all} words`),
    sample: (n, all, seed) =>
      n === all ? `All ${all} drawings.` : `${n} of ${all} drawings, a random sample, seed ${seed}.`,
    known: (yes, all) => ` In the whole word, the game recognized ${yes} of the ${all} drawings of which it is known.`,
    shown: (first, last, n) => (n ? `Drawings ${first} to ${last} of ${n}` : 'No drawing of the sample is like that.'),
    page: (page, pages) => `Page ${page} of ${pages}`,
    drawing: (n) => `Drawing ${n}`,
    day: 'Day',
    key: 'key_id',
    row: 'Row of the store',
    points: 'Points, strokes',
    marked: 'Left out as',
    dashed: '. Dashed: marked, left out of training and tests.',
    missing: 'This word’s file is missing beside the page.',
    loading: 'Loading …',
  },
  fr: {
    skip: 'Aller aux dessins',
    title: 'Tous les mots',
    search: 'Chercher, en français ou en anglais',
    order: 'Ordre',
    byName: 'par nom',
    byMost: 'les plus dessinés d’abord',
    byLeast: 'les moins dessinés d’abord',
    back: '← Tous les mots',
    recognized: 'Reconnu par le jeu',
    any: 'tous',
    yes: 'oui',
    no: 'non',
    unknown: 'on ne sait pas',
    country: 'Pays',
    anyCountry: 'tous',
    random: 'Page au hasard',
    before: '← Précédente',
    after: 'Suivante →',
    close: 'Fermer',
    switch: 'English',
    about: (rows, words) => `${rows} dessins de ${words} mots`,
    matches: (n, all) => (n === all ? `${n} mots` : `${n} mot${n > 1 ? 's' : ''} sur ${all}`),
    sample: (n, all, seed) =>
      n === all ? `Tous les ${all} dessins.` : `${n} dessins sur ${all}, un échantillon au hasard, graine ${seed}.`,
    known: (yes, all) => ` Sur tout le mot, le jeu a reconnu ${yes} des ${all} dessins pour lesquels on le sait.`,
    shown: (first, last, n) => (n ? `Dessins ${first} à ${last} sur ${n}` : 'Aucun dessin de l’échantillon n’est ainsi.'),
    page: (page, pages) => `Page ${page} sur ${pages}`,
    drawing: (n) => `Dessin ${n}`,
    day: 'Jour',
    key: 'key_id',
    row: 'Ligne du magasin',
    points: 'Points, traits',
    marked: 'Écarté comme',
    dashed: '. En pointillé : marqués, écartés de l’apprentissage et des tests.',
    missing: 'Le fichier de ce mot manque à côté de la page.',
    loading: 'Chargement …',
  },
}
// Why a drawing is left out (gribouille.data.clean); a reason that others gave stands as it is.
const REASONS = {
  'exact duplicate': 'copie exacte',
  'near duplicate': 'copie proche',
  scribble: 'gribouillis',
  empty: 'vide',
}
const PAGE = 60 // drawings shown at once

const at = (id) => document.getElementById(id)
const state = { language: document.documentElement.lang, store: null, place: null, page: 0, index: null, failed: false }
const loaded = new Map() // place → drawings

const gribouille = {
  store(store) {
    state.store = store
    follow()
  },
  word(word) {
    loaded.set(word.place, unpacked(word))
    if (word.place === state.place) render()
  },
}

const text = (name, ...values) => {
  const found = TEXTS[state.language][name]
  return typeof found === 'function' ? found(...values) : found
}
const number = (value) => value.toLocaleString(state.language)
const plain = (name) => name.toLowerCase().normalize('NFD').replace(/\p{M}/gu, '').replace(/œ/g, 'oe').replace(/æ/g, 'ae').replace(/’/g, "'")
const nameOf = (entry) => entry[state.language === 'fr' ? 1 : 0]
const otherOf = (entry) => entry[state.language === 'fr' ? 0 : 1]
const countryName = (code) => {
  if (!code) return text('unknown')
  try {
    return new Intl.DisplayNames(state.language, { type: 'region' }).of(code)
  } catch {
    return code // no code of ISO 3166
  }
}

function bytes(packed) {
  return Uint8Array.from(atob(packed), (letter) => letter.charCodeAt(0))
}

/** The word's drawings, each with its strokes as an SVG path, its box and what is known about it. */
function unpacked(word) {
  const [xy, pen] = [bytes(word.xy), bytes(word.pen)]
  let point = 0
  return word.size.map((size, index) => {
    const [low, high] = [[255, 255], [0, 0]]
    let path = ''
    let strokes = 0
    for (const end = point + size; point < end; point++) {
      const place = [xy[2 * point], xy[2 * point + 1]]
      const continues = (pen[point >> 3] >> (point & 7)) & 1
      strokes += 1 - continues
      path += `${continues ? 'L' : 'M'}${place}`
      if (!continues) path += 'h0' // so that a dot is seen
      for (const axis of [0, 1]) {
        low[axis] = Math.min(low[axis], place[axis])
        high[axis] = Math.max(high[axis], place[axis])
      }
    }
    return {
      path,
      middle: [(low[0] + high[0]) / 2, (low[1] + high[1]) / 2],
      size,
      strokes,
      row: word.row[index],
      key: word.key[index],
      recognized: word.recognized[index],
      country: word.countries[word.country[index]],
      day: word.day[index],
      marked: word.marked[index],
    }
  })
}

function picture(drawing) {
  const [x, y] = drawing.middle
  return `<svg viewBox="${x - 136} ${y - 136} 272 272" aria-hidden="true"><path d="${drawing.path}"/></svg>`
}

function made(kind, content, properties = {}) {
  const element = Object.assign(document.createElement(kind), properties)
  element.append(...[content].flat())
  return element
}

/** Goes where the address says: #word, or every word. */
function follow() {
  if (!state.store) return
  const wanted = decodeURIComponent(location.hash.slice(1))
  const place = state.store.words.findIndex(([word]) => word === wanted)
  state.place = place < 0 ? null : place
  state.page = 0
  state.failed = false
  at('recognized').value = ''
  at('country').replaceChildren()
  if (state.place !== null && !loaded.has(place)) {
    const failed = () => {
      state.failed = true
      render()
    }
    document.head.append(made('script', [], { src: `words/${place}.js`, onerror: failed }))
  }
  render()
}

function matching() {
  const wanted = plain(at('search').value.trim())
  const found = state.store.words.filter((entry) => [entry[0], entry[1]].some((name) => plain(name).includes(wanted)))
  const sign = { most: -1, least: 1 }[at('order').value] ?? 0
  return found.sort((a, b) => sign * (a[2] - b[2]) || nameOf(a).localeCompare(nameOf(b), state.language))
}

function filtered() {
  const [recognized, country] = [at('recognized').value, at('country').value]
  return loaded
    .get(state.place)
    .filter((drawing) => !recognized || drawing.recognized === recognized)
    .filter((drawing) => !country || drawing.country === (country === '?' ? '' : country))
}

function render() {
  document.documentElement.lang = state.language
  for (const element of document.querySelectorAll('[data-text]')) element.textContent = text(element.dataset.text)
  at('language').textContent = text('switch')
  at('language').lang = state.language === 'fr' ? 'en' : 'fr'
  if (!state.store) return
  const entry = state.place === null ? null : state.store.words[state.place]
  at('about').textContent = text('about', number(state.store.rows), number(state.store.words.length))
  at('all').hidden = Boolean(entry)
  at('one').hidden = !entry
  document.title = `${entry ? nameOf(entry) : text('title')} – Gribouille`
  if (entry) renderWord(entry)
  else renderWords()
}

function renderWords() {
  const found = matching()
  at('matches').textContent = text('matches', found.length, state.store.words.length)
  at('words').replaceChildren(
    ...found.map((entry) => {
      const names = [
        made('b', nameOf(entry)),
        made('small', number(entry[2])),
        made('i', otherOf(entry), { lang: state.language === 'fr' ? 'en' : 'fr' }),
      ]
      return made('li', made('a', names, { href: `#${encodeURIComponent(entry[0])}` }))
    }),
  )
}

function renderWord(entry) {
  const [, , all, some, no, yes] = entry
  at('word').textContent = nameOf(entry)
  at('other').textContent = otherOf(entry)
  at('other').lang = state.language === 'fr' ? 'en' : 'fr'
  const known = yes + no ? text('known', number(yes), number(yes + no)) : ''
  at('sample').textContent = text('sample', number(some), number(all), state.store.seed) + known
  if (!loaded.has(state.place)) {
    at('drawings').replaceChildren()
    at('shown').textContent = text(state.failed ? 'missing' : 'loading')
    at('pages').hidden = true
    return
  }
  renderCountries()
  const drawings = filtered()
  const pages = Math.max(1, Math.ceil(drawings.length / PAGE))
  state.page = Math.min(state.page, pages - 1)
  const first = state.page * PAGE
  const last = Math.min(first + PAGE, drawings.length)
  at('shown').textContent = text('shown', number(first + 1), number(last), number(drawings.length)) + (drawings.some(({ marked }) => marked) ? text('dashed') : '')
  at('drawings').replaceChildren(
    ...drawings.slice(first, last).map((drawing, index) => made('li', tile(drawing, first + index + 1))),
  )
  at('pages').hidden = pages === 1
  at('page').textContent = text('page', number(state.page + 1), number(pages))
  at('before').disabled = state.page === 0
  at('after').disabled = state.page === pages - 1
  at('random').disabled = pages === 1
}

function renderCountries() {
  const chosen = at('country').value
  const counts = new Map()
  for (const { country } of loaded.get(state.place)) counts.set(country, (counts.get(country) ?? 0) + 1)
  const named = [...counts].map(([code, count]) => [code || '?', countryName(code), count])
  named.sort(([, a], [, b]) => a.localeCompare(b, state.language))
  at('country').replaceChildren(
    made('option', text('anyCountry'), { value: '' }),
    ...named.map(([code, name, count]) => made('option', `${name} (${number(count)})`, { value: code })),
  )
  at('country').value = counts.has(chosen === '?' ? '' : chosen) ? chosen : ''
}

function reason(drawing) {
  const names = drawing.marked.split(', ')
  return names.map((name) => (state.language === 'fr' && REASONS[name]) || name).join(', ')
}

function tile(drawing, place) {
  const mark = { 1: '✓', 0: '✗', '?': '' }[drawing.recognized]
  const tags = [made('span', drawing.country), made('span', mark, { className: mark === '✗' ? 'no' : '' })]
  const button = made('button', [], { type: 'button', className: drawing.marked ? 'marked' : '' })
  button.innerHTML = picture(drawing)
  button.append(made('span', tags, { className: 'tags' }))
  // The name begins with what is seen, for people who speak to their computer.
  const seen = [drawing.country, mark].filter(Boolean).join(' ')
  const told = [seen, text('drawing', place), drawing.country && countryName(drawing.country), drawing.marked && reason(drawing)]
  button.setAttribute('aria-label', told.filter(Boolean).join(', '))
  button.addEventListener('click', () => enlarge(drawing, place))
  return button
}

function enlarge(drawing, place) {
  const day = drawing.day === null ? text('unknown') : new Date(drawing.day * 86_400_000).toLocaleDateString(state.language, { timeZone: 'UTC', dateStyle: 'long' })
  const facts = [
    ['recognized', text({ 1: 'yes', 0: 'no', '?': 'unknown' }[drawing.recognized])],
    ['country', countryName(drawing.country)],
    ['day', day],
    ['points', `${number(drawing.size)}, ${number(drawing.strokes)}`],
    ['key', drawing.key || text('unknown')],
    ['row', String(drawing.row)],
    ...(drawing.marked ? [['marked', reason(drawing)]] : []),
  ]
  at('large-title').textContent = `${at('word').textContent} – ${text('drawing', place).toLowerCase()}`
  at('large-drawing').innerHTML = picture(drawing)
  at('facts').replaceChildren(...facts.flatMap(([name, value]) => [made('dt', text(name)), made('dd', value)]))
  at('large').showModal()
}

function turn(page) {
  state.page = page
  render()
  at('one').scrollIntoView()
}

addEventListener('hashchange', () => {
  follow()
  scrollTo(0, 0)
  at('main').focus({ preventScroll: true })
})
for (const link of document.querySelectorAll('[data-home]')) {
  link.addEventListener('click', (event) => {
    event.preventDefault() // "#" alone would keep no entry in the history
    location.hash = ''
  })
}
at('language').addEventListener('click', () => {
  state.language = state.language === 'fr' ? 'en' : 'fr'
  render()
})
at('search').addEventListener('input', render)
at('order').addEventListener('change', render)
for (const id of ['recognized', 'country']) {
  at(id).addEventListener('change', () => {
    state.page = 0
    render()
  })
}
at('before').addEventListener('click', () => turn(state.page - 1))
at('after').addEventListener('click', () => turn(state.page + 1))
at('random').addEventListener('click', () => {
  const pages = Math.ceil(filtered().length / PAGE)
  const other = Math.floor(Math.random() * (pages - 1))
  turn(other < state.page ? other : other + 1) // never the page that is there
})
at('close').addEventListener('click', () => at('large').close())
render()
