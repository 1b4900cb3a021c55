// XML and sub-documents: random ones, what Yjs takes for them, and their content as one string.
//
//   { element: name, attributes: [[key, value]], children: [value] }
//   { xmltext: string, attributes } { hook: name, map: [[key, value]] } { fragment: [value] }
//   { document: guid, collect, autoLoad, meta }
import * as Y from 'yjs'
import { describe, encodeAny, hex, hexText, randomText, toTokens, toYjs } from './values.mjs'

// Yjs prints names as JavaScript lowers them, Ropewalk only ASCII.
const kNodeNames = ['p', 'div', 'DIV', 'h1', 'a-b', '', 'éx', 'x0']
// An object that has "__proto__" for a key loses it.
const kAttributes = ['class', 'id', 'a', 'B', '', '0', '10', '2', 'é', '😀', 'toString', 'constructor', 'href']
// What JavaScript makes a string of without throwing.
const kValues = [
  'lead', 'top', '', '"<&>', 'é😀', 0, -0, 1.5, 1e21, 1e-7, 123456789.125, -3, true, false, null, undefined, 12n, NaN, -Infinity,
  [], [1, [2, null], undefined, 'x'], [[]], [new Uint8Array([1, 2, 200])],
]
const kGuids = ['b8f1', 'doc', '', 'é😀', '0']

// How much XML and how many documents there are in a history, drawn apart from everything else.
export function xmlness(rng) {
  const xml = rng.chance(0.5) ? rng.pick([3, 6, 40]) : 0
  const documents = rng.chance(0.3)
  const roots = []
  if (xml > 0) {
    roots.push({ kind: 'fragment', name: 'x' })
    if (rng.chance(0.3)) roots.push({ kind: 'element', name: 'e' })
    if (rng.chance(0.3)) roots.push({ kind: 'xmltext', name: 'xt' })
  }
  return { xml, documents, roots, attributeKeys: Array.from({ length: rng.between(1, 4) }, () => rng.pick(kAttributes)) }
}

const randomAttributeValue = (rng, mood) =>
  rng.weighted([
    [16, () => ({ any: rng.pick(kValues) })],
    [1, () => ({ binary: new Uint8Array([1, 2, 200]) })],
    [1, () => ({ text: randomText(rng, 2) })],
    [1, () => ({ map: [['a', { any: 1 }]] })],
    [1, () => randomXml(rng, { attributeKeys: ['a'] }, 0)],
    [mood.documents ? 1 : 0, () => randomDocument(rng)],
  ])()

const randomAttributes = (rng, mood) =>
  [...new Map(Array.from({ length: rng.weighted([[3, 0], [3, 1], [1, 3]]) }, () => [rng.pick(mood.attributeKeys), randomAttributeValue(rng, mood)]))]

const kPlain = [{ any: 1 }, { any: 'two' }, { any: null }, { array: [{ any: 3 }] }, { text: 'four' }, { map: [] }]

export function randomXml(rng, mood, depth) {
  const children = () => Array.from({ length: rng.below(3) }, () => randomXml(rng, mood, depth - 1))
  return rng.weighted([
    [15, () => ({ element: rng.pick(kNodeNames), attributes: randomAttributes(rng, mood), children: depth > 0 ? children() : [] })],
    [12, () => ({ xmltext: rng.chance(0.3) ? '' : randomText(rng), attributes: rng.chance(0.2) ? randomAttributes(rng, mood) : [] })],
    [3, () => ({ hook: rng.pick(kNodeNames), map: rng.chance(0.5) ? [] : [[rng.pick(kAttributes), rng.pick(kPlain)]] })],
    [1, () => ({ fragment: depth > 0 ? children() : [] })],
  ])()
}

export const randomDocument = rng => ({
  document: rng.pick(kGuids),
  collect: rng.chance(0.7),
  autoLoad: rng.chance(0.3),
  meta: rng.pick([null, null, 'title', 7, { title: 'é', tags: [1, null] }]),
})

export function randomXmlEdit(rng, mood, edit, at, erases) {
  if (edit.on === 'attribute') {
    const key = rng.pick(mood.attributeKeys)
    return erases ? { ...edit, verb: 'unattr', key } : { ...edit, verb: 'attr', key, value: randomAttributeValue(rng, mood) }
  }
  const values = Array.from({ length: rng.weighted([[5, 1], [3, 2], [1, 6]]) }, () => randomXml(rng, mood, rng.between(0, 2)))
  return { ...edit, verb: rng.weighted([[5, 'insert'], [2, 'push'], [3, 'after']]), at, values }
}

export function xmlToYjs(value) {
  if ('document' in value) {
    const { document: guid, collect: gc, autoLoad, meta } = value
    return new Y.Doc({ guid, gc, autoLoad, meta })
  }
  if ('fragment' in value) {
    const fragment = new Y.XmlFragment()
    fragment.insert(0, value.fragment.map(toYjs))
    return fragment
  }
  if ('hook' in value) {
    const hook = new Y.XmlHook(value.hook)
    for (const [key, inner] of value.map) hook.set(key, toYjs(inner))
    return hook
  }
  const type = 'element' in value ? new Y.XmlElement(value.element) : new Y.XmlText(value.xmltext)
  for (const [key, inner] of value.attributes) type.setAttribute(key, toYjs(inner))
  if (value.children) type.insert(0, value.children.map(toYjs))
  return type
}

const entryTokens = entries => ['{', ...entries.map(([key, inner]) => `k${hexText(key)} ${toTokens(inner)}`), '}'].join(' ')
const listTokens = values => ['[', ...values.map(toTokens), ']'].join(' ')

export function xmlToTokens(value) {
  if ('document' in value) {
    const flags = [value.collect, value.autoLoad].map(Number).join(' ')
    return `d${hexText(value.document)} ${flags} v${hex(encodeAny(value.meta))}`
  }
  if ('fragment' in value) return `f ${listTokens(value.fragment)}`
  if ('hook' in value) return `h${hexText(value.hook)} ${entryTokens(value.map)}`
  if ('xmltext' in value) return `x${hexText(value.xmltext)} ${entryTokens(value.attributes)}`
  return `e${hexText(value.element)} ${entryTokens(value.attributes)} ${listTokens(value.children)}`
}

export function describeXml(value) {
  const members = entries => `{${entries.map(([key, inner]) => `${JSON.stringify(key)}: ${describe(inner)}`).join(', ')}}`
  if ('document' in value) return `Doc(${JSON.stringify(value)})`
  if ('fragment' in value) return `XmlFragment(${value.fragment.map(describe).join(', ')})`
  if ('hook' in value) return `XmlHook(${JSON.stringify(value.hook)}, ${members(value.map)})`
  if ('xmltext' in value) return `XmlText(${JSON.stringify(value.xmltext)}, ${members(value.attributes)})`
  return `XmlElement(${JSON.stringify(value.element)}, ${members(value.attributes)}, ${value.children.map(describe).join(', ')})`
}

export const isXml = value => ['document', 'fragment', 'hook', 'xmltext', 'element'].some(kind => kind in value)

// -- content ------------------------------------------------------------------------------------

export function showEntries(entries, show) {
  const members = entries.map(([key, inner]) => [hexText(key), inner])
  members.sort((a, b) => (a[0] < b[0] ? -1 : 1))
  return `{${members.map(([key, inner]) => `k${key}:${show(inner)}`).join(',')}}`
}

function walked(fragment) {
  const walker = fragment.createTreeWalker(() => true)
  return [...walker].length
}

const printed = type => 's' + hexText(type.toString())

// Attributes of a text as a whole, where there are any.
export function showTextAttributes(type, show) {
  const entries = Object.entries(type.getAttributes())
  return entries.length === 0 ? '' : 'A' + showEntries(entries, show)
}

// What is neither a text nor a map; null if it is something else.
export function showXml(value, show) {
  const children = () => `[${value.toArray().map(show).join(',')}]${printed(value)}`
  if (value instanceof Y.XmlElement) {
    return `E${hexText(value.nodeName)}${showEntries(Object.entries(value.getAttributes()), show)}${children()}`
  }
  if (value instanceof Y.XmlFragment) return `F${children()}n${walked(value)}`
  if (value instanceof Y.XmlHook) return `H${hexText(value.hookName)}${showEntries([...value.entries()], show)}`
  if (value instanceof Y.Doc) return showDocument(value)
  return null
}

export const showPrinted = printed

export function showDocument({ guid, gc, autoLoad, meta }) {
  const options = { ...(gc ? {} : { gc: false }), ...(autoLoad ? { autoLoad } : {}), ...(meta === null ? {} : { meta }) }
  return `D${hexText(guid)}:v${hex(encodeAny(options))}`
}
