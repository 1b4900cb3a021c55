// What two replicas must have in common, as strings that are equal or not.
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import { applyUpdate } from './formats.mjs'
import { encodeAny, hex, hexText } from './values.mjs'
import { rootOf } from './edits.mjs'
import { showText } from './rich.mjs'
import { showDocument, showPrinted, showTextAttributes, showXml } from './xml.mjs'

export class Difference extends Error {
  constructor(kind, detail) {
    super(detail)
    this.kind = kind
  }
}

// Values go by their encoding, which tells -0 from 0, undefined from null, bytes from a binary.
export function show(value) {
  if (value instanceof Y.XmlText) return `X${showText(value, show)}${showTextAttributes(value, show)}${showPrinted(value)}`
  if (value instanceof Y.Text) return showText(value, show) + showTextAttributes(value, show)
  const xml = showXml(value, show)
  if (xml !== null) return xml
  if (value instanceof Y.Array) return `[${value.toArray().map(show).join(',')}]`
  if (value instanceof Y.Map) {
    const members = [...value.entries()].map(([key, inner]) => [hexText(key), inner])
    members.sort((a, b) => (a[0] < b[0] ? -1 : 1))
    return `{${members.map(([key, inner]) => `k${key}:${show(inner)}`).join(',')}}`
  }
  return value instanceof Uint8Array ? 'b' + hex(value) : 'v' + hex(encodeAny(value))
}

// "<state vector> <1 if something waits for its causes> <content of each root and the
// sub-documents>": the peer's form.
export function stateOf(doc, roots) {
  const waits = doc.store.pendingStructs !== null || doc.store.pendingDs !== null
  const content = roots.map(root => show(rootOf(doc, root))).join('|') + '|' + [...doc.subdocs].map(showDocument).sort().join(',')
  return `${hex(Y.encodeStateVector(doc))} ${waits ? 1 : 0} ${content}`
}

// The bytes as Yjs writes them after loading them: equal for equal histories, however the runs
// were cut on the way.
export function settle(bytes, gc) {
  const doc = new Y.Doc({ gc, guid: '-' })
  applyUpdate(doc, bytes)
  if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null) {
    throw new Difference('bytes', `a whole state leaves something waiting in Yjs: ${hex(bytes)}`)
  }
  return hex(Y.encodeStateAsUpdate(doc))
}

// -- for people ---------------------------------------------------------------------------------

const textOf = digits => JSON.stringify(Buffer.from(digits, 'hex').toString('utf8'))

function anyText(digits) {
  try {
    const value = decoding.readAny(decoding.createDecoder(new Uint8Array(Buffer.from(digits, 'hex'))))
    return `${typeof value === 'object' ? JSON.stringify(value) : String(value)}<${digits}>`
  } catch {
    return `<${digits}>`
  }
}

function readable(state) {
  const [vector, waits, content = ''] = state.split(' ')
  const words = content.replace(/([TtkvbsEHD])([0-9a-f]*)/g, (_, tag, digits) =>
    tag === 'T' ? `Text ${textOf(digits)}` : tag === 't' ? textOf(digits) : tag === 'k' ? textOf(digits) : tag === 'v' ? anyText(digits) : tag === 'b' ? `binary<${digits}>` : `${tag} ${textOf(digits)}`,
  )
  return `state vector ${vector}, ${waits === '1' ? 'something waits' : 'nothing waits'}, ${words}`
}

// Both sides from a little before the place where they part.
export function firstDifference(a, b, nameA, nameB) {
  let at = 0
  while (at < a.length && a[at] === b[at]) at++
  const start = Math.max(0, at - 60)
  const cut = text => (start > 0 ? '...' : '') + text.slice(start, start + 500) + (text.length > start + 500 ? '...' : '')
  return `first different at character ${at}\n    ${nameA}: ${cut(a)}\n    ${nameB}: ${cut(b)}`
}

export function sameState(a, b, nameA, nameB, kind = 'state') {
  if (a === b) return
  throw new Difference(kind, firstDifference(readable(a), readable(b), nameA, nameB))
}

export function sameBytes(a, b, nameA, nameB, kind = 'bytes') {
  if (a !== b) throw new Difference(kind, firstDifference(a, b, nameA, nameB))
}
