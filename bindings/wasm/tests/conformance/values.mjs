// Values of the fixtures from and to those of JavaScript.

export const blob = base64 => new Uint8Array(Buffer.from(base64, 'base64'))
export const base64 = bytes => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64')

const kNumbers = { '-0': -0, NaN, Infinity, '-Infinity': -Infinity }

// A value without a shared type.
export function toJs(value) {
  if (Array.isArray(value)) return value.map(toJs)
  if (value === null || typeof value !== 'object') return value
  if ('$num' in value) return kNumbers[value.$num]
  if ('$undefined' in value) return undefined
  if ('$bigint' in value) return BigInt(value.$bigint)
  if ('$bytes' in value) return blob(value.$bytes)
  if ('$obj' in value) return objectOf(value.$obj)
  throw new Error(`not a plain value: ${JSON.stringify(value)}`)
}

// Own members, whatever they are called.
export const objectOf = pairs => Object.fromEntries(pairs.map(([key, value]) => [key, toJs(value)]))

// The same in the notation of the fixtures.
export function fromJs(value) {
  switch (typeof value) {
    case 'undefined':
      return { $undefined: true }
    case 'bigint':
      return { $bigint: String(value) }
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $num: Object.is(value, -0) ? '-0' : String(value) }
    case 'string':
    case 'boolean':
      return value
  }
  if (value === null) return null
  if (value instanceof Uint8Array) return { $bytes: base64(value) }
  if (Array.isArray(value)) return value.map(fromJs)
  return { $obj: pairsFrom(value) }
}

export const pairsFrom = object => Object.entries(object).map(([key, value]) => [key, fromJs(value)])

// -- numbers of clients and clocks ----------------------------------------------------------------

export const sortPairs = pairs => pairs.sort((a, b) => a[0] - b[0])

// A Map as [[client, clock]], ascending.
export const fromState = vector => sortPairs([...vector])

// Deletions as [[client, [[clock, length]]]], ascending.
export const fromDeletes = ({ clients }) =>
  sortPairs([...clients].map(([client, ranges]) => [client, sortPairs(ranges.map(({ clock, len }) => [clock, len]))]))

// -- where documents differ on purpose --------------------------------------------------------------

const mapStrings = change =>
  function changed(value) {
    if (typeof value === 'string') return change(value)
    if (Array.isArray(value)) return value.map(changed)
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([key, member]) => [change(key), changed(member)]))
  }

// U+FFFD for each half of a surrogate pair that stands alone.
export const withWholePairs = mapStrings(text => text.toWellFormed())
// U+FFFD for each half of any surrogate pair.
export const withBrokenPairs = mapStrings(text => text.replace(/[\ud800-\udfff]/g, '\ufffd'))

export function holdsHalf(value) {
  if (typeof value === 'string') return !value.isWellFormed()
  if (value === null || typeof value !== 'object') return false
  return Object.entries(value).some(([key, member]) => holdsHalf(key) || holdsHalf(member))
}

// Broken pairs, and neighbouring text of equal attributes as one insert in any delta.
export function withJoinedInserts(value) {
  if (Array.isArray(value)) {
    const joined = []
    for (const one of value.map(withJoinedInserts)) {
      const last = joined.at(-1)
      const alike =
        typeof last?.insert === 'string' && typeof one?.insert === 'string' && JSON.stringify(last.attributes) === JSON.stringify(one.attributes)
      if (alike) last.insert += one.insert
      else joined.push(one)
    }
    return joined
  }
  if (value === null || typeof value !== 'object') return withBrokenPairs(value)
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, withJoinedInserts(member)]))
}
