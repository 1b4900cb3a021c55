// What a history may put into a document. A value is described once and turned into two things:
// what Yjs takes, and tokens for the peer.
//
//   { any: x }     JSON-like: primitives, bigint, undefined, Uint8Array, arrays, Members
//   { binary: u8 } { text: string } { array: [value] } { map: [[key, value]] }
//   and those of xml.mjs
import * as Y from 'yjs'
import * as encoding from 'lib0/encoding'
import { describeXml, isXml, randomDocument, randomXml, xmlToTokens, xmlToYjs } from './xml.mjs'

// An object as a list of members: JavaScript would reorder integer-like keys, and the peer has to
// be given them in the order a caller wrote them.
export class Members {
  constructor(entries) {
    this.entries = entries
  }
}

export const hex = bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('hex')
export const hexText = text => Buffer.from(text, 'utf8').toString('hex')
export const unhex = text => new Uint8Array(Buffer.from(text, 'hex'))
export const encodeAny = x => encoding.encode(encoder => encoding.writeAny(encoder, x))

// UTF-16 code units, four digits each: the peer's text calls take UTF-16.
export function hexUnits(text) {
  let out = ''
  for (let i = 0; i < text.length; i++) out += text.charCodeAt(i).toString(16).padStart(4, '0')
  return out
}

function anyToJs(x) {
  if (x instanceof Members) return Object.fromEntries(x.entries.map(([k, v]) => [k, anyToJs(v)]))
  if (Array.isArray(x)) return x.map(anyToJs)
  return x
}

function writeAny(encoder, x) {
  if (x instanceof Members) {
    encoding.writeUint8(encoder, 118)
    encoding.writeVarUint(encoder, x.entries.length)
    for (const [key, value] of x.entries) {
      encoding.writeVarString(encoder, key)
      writeAny(encoder, value)
    }
  } else if (Array.isArray(x)) {
    encoding.writeUint8(encoder, 117)
    encoding.writeVarUint(encoder, x.length)
    for (const value of x) writeAny(encoder, value)
  } else {
    encoding.writeAny(encoder, x)
  }
}

export function toYjs(value) {
  if (isXml(value)) return xmlToYjs(value)
  if ('any' in value) return anyToJs(value.any)
  if ('binary' in value) return value.binary
  if ('text' in value) return new Y.Text(value.text)
  if ('array' in value) return Y.Array.from(value.array.map(toYjs))
  return new Y.Map(value.map.map(([key, inner]) => [key, toYjs(inner)]))
}

export function toTokens(value) {
  if (isXml(value)) return xmlToTokens(value)
  if ('any' in value) return 'v' + hex(encoding.encode(encoder => writeAny(encoder, value.any)))
  if ('binary' in value) return 'b' + hex(value.binary)
  if ('text' in value) return 't' + hexText(value.text)
  if ('array' in value) return ['[', ...value.array.map(toTokens), ']'].join(' ')
  const members = value.map.map(([key, inner]) => 'k' + hexText(key) + ' ' + toTokens(inner))
  return ['{', ...members, '}'].join(' ')
}

// Only integers print alike in every notation; the rest says what it is.
function describeAny(x) {
  if (typeof x === 'string') return JSON.stringify(x)
  if (typeof x === 'bigint') return `${x}n`
  if (Object.is(x, -0)) return '-0'
  if (x instanceof Uint8Array) return `bytes(${hex(x)})`
  if (x instanceof Members) {
    return `{${x.entries.map(([k, v]) => `${JSON.stringify(k)}: ${describeAny(v)}`).join(', ')}}`
  }
  if (Array.isArray(x)) return `[${x.map(describeAny).join(', ')}]`
  return String(x)
}

export function describe(value) {
  if (isXml(value)) return describeXml(value)
  if ('any' in value) return describeAny(value.any)
  if ('binary' in value) return `binary(${hex(value.binary)})`
  if ('text' in value) return `Text(${JSON.stringify(value.text)})`
  if ('array' in value) return `Array(${value.array.map(describe).join(', ')})`
  const members = value.map.map(([key, inner]) => `${JSON.stringify(key)}: ${describe(inner)}`)
  return `Map(${members.join(', ')})`
}

// -- random ones --------------------------------------------------------------------------------

const kPieces = [
  'a', 'b', 'x', 'ab', 'the ', 'word', '\n', '\t', 'é', 'ß', 'e\u0301', '日本', '語', '한', 'ש',
  '😀', '👩‍👩‍👧', '🇨🇭', '𝒳', '𠮷', '\u0000', '\u0001', '\u007f', '\u2028', '\ufeff', '\ufffd', '\uffff', '"\\',
]

export function randomText(rng, mostPieces = 4) {
  let text = ''
  for (let n = rng.between(1, mostPieces); n > 0; n--) text += rng.pick(kPieces)
  return text
}

const kNumbers = [
  0, -0, 1, -1, 63, 64, -64, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31 - 1), 2 ** 31, -(2 ** 31),
  2 ** 32, 2 ** 53 - 1, 2 ** 53, -(2 ** 53), 2 ** 53 + 2, 2 ** 63, 0.5, -0.5, 0.1, 1.1, 1 / 3, 1e-7,
  1e21, 1e300, Math.fround(0.1), 3.4028234663852886e38, 3.5e38, Number.MAX_VALUE, Number.MIN_VALUE,
  1.401298464324817e-45, NaN, Infinity, -Infinity,
]
const kBigints = [0n, 1n, -1n, 2n ** 53n, 2n ** 63n - 1n, -(2n ** 63n)]
// No "__proto__": Yjs itself loses such a member on its way to another replica.
const kMemberKeys = [
  'a', 'b', 'id', '', '0', '1', '10', '2', '01', '-1', '1.5', '4294967294', '4294967295', 'constructor',
  'toString', 'hasOwnProperty', 'length', 'é', '😀', ' ', 'k\u0000',
]

function randomNumber(rng) {
  return rng.weighted([
    [6, () => rng.pick(kNumbers)],
    [3, () => rng.below(200) - 100],
    [1, () => (rng.bits() * 2 ** 21 + rng.bits()) * (rng.chance(0.5) ? 1 : -1)],
    [1, () => rng.bits() / 3.7],
  ])()
}

export const randomBytes = rng => Uint8Array.from({ length: rng.below(6) }, () => rng.below(256))

// `inside` a value undefined, bigint and bytes are allowed that Yjs refuses, or takes for something
// else, as an array element of their own.
export function randomAny(rng, depth, inside) {
  const choices = [
    [4, () => randomNumber(rng)],
    [3, () => randomText(rng, 3)],
    [1, () => ''],
    [1, () => null],
    [2, () => rng.chance(0.5)],
  ]
  if (inside) {
    choices.push([1, () => undefined], [2, () => rng.pick(kBigints)], [1, () => randomBytes(rng)])
  }
  if (depth > 0) {
    choices.push([2, () => Array.from({ length: rng.below(4) }, () => randomAny(rng, depth - 1, true))])
    choices.push([2, () => randomMembers(rng, depth - 1, inside)])
  }
  return rng.weighted(choices)()
}

function randomMembers(rng, depth, inside) {
  const entries = new Map()
  for (let n = rng.below(5); n > 0; n--) {
    const key = rng.pick(kMemberKeys)
    // Yjs recognises a value by its constructor, so a member of that name hides what it is.
    if (key === 'constructor' && !inside) continue
    entries.set(key, randomAny(rng, depth, true))
  }
  return new Members([...entries])
}

// What one insert may put in. `inMap`: an entry may be undefined or a bigint, an element may not.
// `sharedOnly`: a shared type. `mood`: how much XML and how many sub-documents.
export function randomValue(rng, { inMap, nesting, keys, sharedOnly, mood = {} }) {
  const choices = sharedOnly ? [] : [
    [8, () => ({ any: randomAny(rng, 2, false) })],
    [1, () => ({ binary: randomBytes(rng) })],
  ]
  if (mood.documents && !sharedOnly) choices.push([3, () => randomDocument(rng)])
  if (inMap) choices.push([1, () => ({ any: rng.chance(0.5) ? undefined : rng.pick(kBigints) })])
  if (nesting > 0) {
    const inner = nested => ({ inMap: nested, nesting: nesting - 1, keys, mood })
    if (mood.xml > 0) choices.push([2, () => randomXml(rng, mood, nesting - 1)])
    choices.push([2, () => ({ text: rng.chance(0.3) ? '' : randomText(rng) })])
    choices.push([
      2,
      () => ({ array: Array.from({ length: rng.below(3) }, () => randomValue(rng, inner(false))) }),
    ])
    choices.push([
      2,
      () => {
        const entries = new Map()
        for (let n = rng.below(3); n > 0; n--) entries.set(rng.pick(keys), randomValue(rng, inner(true)))
        return { map: [...entries] }
      },
    ])
  }
  return rng.weighted(choices)()
}
