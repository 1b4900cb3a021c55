// Formats, embeds and deltas: random ones, done in Yjs and written down for the peer.
import * as Y from 'yjs'
import { Members, describe, encodeAny, hex, hexText, hexUnits, randomText, randomValue, toTokens, toYjs } from './values.mjs'

// Values that V1 carries whole: what it changes on the way (-0, NaN, bytes) would make replicas
// differ in Yjs as well.
const kValues = [
  true, true, true, false, null, null, 'red', 'blue', '', 0, 1, 14.5, 1e21, { any: {} }, { any: { href: 'a' } },
  { any: { href: 'b', rel: 'x' } }, { any: { rel: 'x', href: 'b' } }, { any: { deep: { er: 1 } } }, { any: [] }, { any: [1, 'é'] },
]
const kKeys = ['bold', 'bold', 'italic', 'link', 'a', '1', '0', 'constructor0', 'é😀']

const randomAttributes = (rng, keys) =>
  [...new Map(Array.from({ length: rng.weighted([[6, 1], [2, 2], [1, 3], [1, 0]]) }, () => [rng.pick(keys), rng.pick(kValues)]))]

function randomEmbed(rng, mood, keys) {
  if (mood.nest > 0 && rng.chance(0.3)) return randomValue(rng, { inMap: false, nesting: 1, keys, sharedOnly: true, mood })
  return { any: new Members([['image', rng.pick(['a.png', 'b.png'])], ['w', rng.below(100)]]) }
}

const plainJs = value => (value !== null && typeof value === 'object' ? value.any : value)
const toObject = attributes => Object.fromEntries(attributes.map(([key, value]) => [key, structuredClone(plainJs(value))]))
const attributeTokens = attributes =>
  [attributes.length, ...attributes.flatMap(([key, value]) => ['k' + hexText(key), 'v' + hex(encodeAny(plainJs(value)))])].join(' ')
const attributeWords = attributes => JSON.stringify(toObject(attributes))

// How rich the texts of a history are, drawn apart from everything else.
export function richness(rng) {
  const rich = rng.chance(0.5) ? rng.pick([0.3, 0.7, 0.95]) : 0
  const kinds = rich > 0.5 ? { kinds: { text: 9, array: 1, map: 1 } } : {}
  return { rich, ...kinds, formatKeys: Array.from({ length: rng.between(1, 4) }, () => rng.pick(kKeys)) }
}

export function randomRichEdit(rng, mood, keys, place) {
  const edit = { on: 'text', pick: rng.chance(mood.atRoot) ? 0 : rng.bits(), unit: 'utf16', rich: true, at: place }
  const attributes = () => randomAttributes(rng, mood.formatKeys)
  const count = () => rng.weighted([[3, rng.between(1, 4)], [3, rng.between(1, 12)], [1, 40]])
  return rng.weighted([
    [5, () => ({ ...edit, verb: 'format', count: count(), attributes: attributes() })],
    [3, () => ({ ...edit, verb: 'styled', text: randomText(rng, 2), attributes: attributes() })],
    [1, () => ({ ...edit, verb: 'embed', value: randomEmbed(rng, mood, keys), attributes: attributes() })],
    [2, () => ({
      ...edit,
      verb: 'delta',
      sanitize: rng.chance(0.8),
      ops: Array.from({ length: rng.between(1, 5) }, () =>
        rng.weighted([
          [3, () => ({ retain: count(), attributes: rng.chance(0.5) ? attributes() : [] })],
          [3, () => ({ insert: rng.chance(0.2) ? '\n' : randomText(rng, 2), attributes: rng.chance(0.5) ? attributes() : [] })],
          [1, () => ({ embed: randomEmbed(rng, mood, keys), attributes: attributes() })],
          [2, () => ({ delete: rng.between(1, 6) })],
        ])(),
      ),
    })],
  ])()
}

// A text as units, one for each embed.
export const unitsOf = type => type.toDelta().map(op => (typeof op.insert === 'string' ? op.insert : '\ufffc')).join('')

// Does a rich edit and returns { verb, tokens, words }, or null. `fit` moves places out of pairs.
export function doRichEdit(type, edit, cursor, fit) {
  const size = type.length
  const at = fit(edit.at === 'cursor' ? cursor : edit.at % (size + 1))
  if (edit.verb === 'format') {
    const end = fit(Math.min(size, at + edit.count))
    const count = at + edit.count > size ? edit.count : end - at
    if (count <= 0) return null
    type.format(at, count, toObject(edit.attributes))
    return { verb: 'format', tokens: [at, count, attributeTokens(edit.attributes)], words: [at, count, attributeWords(edit.attributes)] }
  }
  if (edit.verb === 'styled') {
    type.insert(at, edit.text, toObject(edit.attributes))
    const tokens = [at, 'u' + hexUnits(edit.text), attributeTokens(edit.attributes)]
    return { verb: 'styled', tokens, words: [at, JSON.stringify(edit.text), attributeWords(edit.attributes)] }
  }
  if (edit.verb === 'embed') {
    type.insertEmbed(at, toYjs(edit.value), toObject(edit.attributes))
    const tokens = [at, attributeTokens(edit.attributes), toTokens(edit.value)]
    return { verb: 'embed', tokens, words: [at, describe(edit.value), attributeWords(edit.attributes)] }
  }
  // Places of later ops count what the earlier ones put in; pairs are cut by none of them.
  const ops = []
  let old = 0
  const units = unitsOf(type)
  for (const op of edit.ops) {
    if (op.retain !== undefined || op.delete !== undefined) {
      const wanted = old + (op.retain ?? op.delete)
      const end = fit(Math.min(wanted, units.length))
      const count = wanted > units.length && op.retain !== undefined ? wanted - old : end - old
      if (count <= 0) continue
      ops.push(op.retain !== undefined ? { ...op, retain: count } : { delete: count })
      old = Math.min(units.length, old + count)
    } else {
      ops.push(op)
    }
  }
  if (ops.length === 0) return null
  const delta = ops.map(op => {
    const attributes = op.attributes?.length ? { attributes: toObject(op.attributes) } : {}
    if (op.embed) return { insert: toYjs(op.embed), ...attributes }
    if (op.insert !== undefined) return { insert: op.insert, ...attributes }
    return op.delete !== undefined ? { delete: op.delete } : { retain: op.retain, ...attributes }
  })
  type.applyDelta(delta, { sanitize: edit.sanitize })
  const tokens = [edit.sanitize ? 1 : 0, ops.length]
  for (const op of ops) {
    if (op.delete !== undefined) tokens.push('d', op.delete)
    else if (op.retain !== undefined) tokens.push('r', op.retain, attributeTokens(op.attributes))
    else if (op.embed) tokens.push('e', attributeTokens(op.attributes), toTokens(op.embed))
    else tokens.push('i', 'u' + hexUnits(op.insert), attributeTokens(op.attributes))
  }
  const words = ops.map(op => (op.embed ? `embed ${describe(op.embed)}` : JSON.stringify({ ...op, attributes: op.attributes && toObject(op.attributes) })))
  return { verb: 'delta', tokens, words }
}

export function showAttributes({ attributes = {} }) {
  const pairs = Object.entries(attributes).map(([key, inner]) => [hexText(key), hex(encodeAny(inner))])
  pairs.sort((a, b) => (a[0] < b[0] ? -1 : 1))
  return pairs.map(([key, inner]) => `@k${key}:v${inner}`).join('')
}

// The content of a text, the form of show.hpp: plain where it is plain.
export function showText(type, show) {
  const delta = type.toDelta()
  if (delta.every(op => typeof op.insert === 'string' && !op.attributes)) return 'T' + hexText(delta.map(op => op.insert).join(''))
  const ops = delta.map(op => {
    const value = typeof op.insert === 'string' ? 't' + hexText(op.insert) : show(op.insert)
    return value + showAttributes(op)
  })
  return `R(${ops.join(';')})`
}
