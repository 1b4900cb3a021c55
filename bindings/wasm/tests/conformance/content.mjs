// Shared types: made as arguments describe them, and read in the notation of the fixtures.
import * as Y from 'yjs'
import { fromJs, objectOf, pairsFrom, toJs } from './values.mjs'

export const kTypes = {
  text: Y.Text,
  array: Y.Array,
  map: Y.Map,
  xmlFragment: Y.XmlFragment,
  xmlElement: Y.XmlElement,
  xmlText: Y.XmlText,
  xmlHook: Y.XmlHook,
}
const kKinds = new Map(Object.entries(kTypes).map(([kind, type]) => [type, kind]))

// Null for what is no shared type; `undefined` is the kind of a root that nobody has given a type.
export function kindOf(value) {
  if (!(value instanceof Y.AbstractType)) return null
  return kKinds.get(value.constructor) ?? 'undefined'
}

// -- to JavaScript --------------------------------------------------------------------------------

// A value that an op inserts: plain, or a new shared type.
export function make(value) {
  switch (value?.$type) {
    case undefined:
      return toJs(value)
    case 'text':
    case 'xmlText':
      return makeText(value)
    case 'array':
      return Y.Array.from(value.content.map(make))
    case 'map':
      return new Y.Map(entriesOf(value.entries))
    case 'doc':
      return new Y.Doc({ guid: value.guid, ...objectOf(value.opts) })
    case 'xmlHook':
      return makeHook(value)
    case 'xmlFragment':
      return withChildren(new Y.XmlFragment(), value)
  }
  const element = withChildren(new Y.XmlElement(value.name), value)
  for (const [key, attribute] of entriesOf(value.attrs ?? [])) element.setAttribute(key, attribute)
  return element
}

const entriesOf = pairs => pairs.map(([key, value]) => [key, make(value)])

function makeText({ $type: kind, delta, attrs = [] }) {
  const text = new kTypes[kind]()
  text.applyDelta(toDelta(delta))
  for (const [key, attribute] of entriesOf(attrs)) text.setAttribute(key, attribute)
  return text
}

function makeHook({ name, entries }) {
  const hook = new Y.XmlHook(name)
  for (const [key, value] of entriesOf(entries)) hook.set(key, value)
  return hook
}

function withChildren(fragment, { children }) {
  fragment.insert(0, children.map(make))
  return fragment
}

export const toDelta = delta =>
  delta.map(({ insert, attributes, ...counts }) => ({
    ...counts,
    ...(insert !== undefined && { insert: make(insert) }),
    ...(attributes && { attributes: objectOf(attributes) }),
  }))

// -- from JavaScript ------------------------------------------------------------------------------

// A value of a document with all that is in it.
export function read(value) {
  if (value instanceof Y.Doc) return readDocument(value)
  const kind = kindOf(value)
  switch (kind) {
    case null:
      return fromJs(value)
    case 'text':
    case 'xmlText':
      return { $type: kind, delta: fromDelta(value.toDelta()), ...readAttributes(value) }
    case 'array':
      return { $type: kind, content: value.toArray().map(read) }
    case 'map':
      return { $type: kind, entries: readEntries(value) }
    case 'xmlHook':
      return { $type: kind, name: value.hookName, entries: readEntries(value) }
    case 'xmlFragment':
      return { $type: kind, children: value.toArray().map(read) }
    case 'xmlElement':
      return { $type: kind, name: value.nodeName, ...readAttributes(value), children: value.toArray().map(read) }
  }
  return { $type: 'undefined' }
}

const readEntries = map => [...map.entries()].map(([key, value]) => [key, read(value)])

function readAttributes(type) {
  const attrs = Object.entries(type.getAttributes()).map(([key, value]) => [key, read(value)])
  return attrs.length > 0 ? { attrs } : {}
}

function readDocument({ guid, gc, autoLoad, meta, shouldLoad }) {
  const opts = { ...(!gc && { gc }), ...(autoLoad && { autoLoad }), ...(meta !== null && { meta }) }
  return { $type: 'doc', guid, opts: pairsFrom(opts), shouldLoad }
}

export const fromDelta = delta =>
  delta.map(({ insert, attributes, ...counts }) => ({
    ...counts,
    ...(insert !== undefined && { insert: read(insert) }),
    ...(attributes && { attributes: pairsFrom(attributes) }),
  }))
