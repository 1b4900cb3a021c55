// Values of documents on their way in and out.
import { ByteReader, type ByteWriter } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, made } from '../engine/wasm.js'
import { Doc } from '../doc/Doc.js'
import { AbstractType } from './AbstractType.js'

// As core/border.hpp has them.
const BINARY = 1
const TYPE = 2
const DOCUMENT = 3
const UNITS = 4
const OBJECT = 6

// Of an object that has a key of that name, too.
const classOf = (value: any): unknown =>
  Object.hasOwn(value, 'constructor') ? Object.getPrototypeOf(value)?.constructor : value.constructor

/** Values like those of JSON, which are copied. */
export const isPlain = (value: any, inList: boolean): boolean => {
  if (value === null) return true
  if (value === undefined) return !inList
  switch (classOf(value)) {
    case Number:
    case Object:
    case Boolean:
    case Array:
    case String:
    case undefined: // an object without a prototype
      return true
    case Date:
    case BigInt:
      return !inList
    default:
      return false
  }
}

const isSpecial = (value: any, inList: boolean): boolean =>
  value instanceof Uint8Array || value instanceof AbstractType || value instanceof Doc || (inList && value instanceof ArrayBuffer)

const checkIn = (value: any, inList: boolean): void => {
  if (typeof value === 'number' || typeof value === 'string') return
  if (!isPlain(value, inList) && !isSpecial(value, inList)) {
    throw new Error('Unexpected content type: put in JSON-like values, Uint8Array, shared types or documents')
  }
  if (value instanceof AbstractType && value.doc !== null) {
    throw new Error('this shared type is in a document already: put in a clone()')
  }
  if (value instanceof Doc && value._outer !== null) {
    console.error('ropewalk: this document is a sub-document already: make another one with the same guid')
  }
}
/** Throws for what cannot be put in, before anything is. Lists take other things than keys. */
export const checkContent = (value: any): void => checkIn(value, false)
export const checkElement = (value: any): void => checkIn(value, true)

/** Writes one content as the engine expects it. requires: checkContent() */
export const putContent = (to: ByteWriter, value: any): void => {
  if (typeof value !== 'object') {
    to.any(value)
  } else if (value instanceof AbstractType) {
    to.byte(TYPE).byte(value._kind).string(value._name)
  } else if (value instanceof Uint8Array) {
    to.byte(BINARY).sized(value)
  } else if (value instanceof ArrayBuffer) {
    to.byte(BINARY).sized(new Uint8Array(value))
  } else if (value instanceof Doc) {
    const flags = (value.gc ? 1 : 0) | (value.autoLoad ? 2 : 0) | (value.shouldLoad ? 4 : 0)
    to.byte(DOCUMENT).string(value.guid).byte(flags).any(value.meta)
  } else {
    to.any(value)
  }
}

/** Has to be put in by itself: it is filled, or known by its number, afterwards. */
export const isAlone = (value: any): value is AbstractType<any> | Doc =>
  typeof value === 'object' && (value instanceof AbstractType || value instanceof Doc)

/** A type or a document was just put in: it is what stands there. */
export const settle = (doc: Doc, value: unknown): void => {
  if (value instanceof AbstractType) {
    doc._adopt(value, made())
    value._fill()
    // What it is filled with, nobody is told.
    value._hear()
  } else if (value instanceof Doc) {
    doc._adoptSubdoc(value, made())
  }
}

/** Reads one value of the answer of a call. */
export const readValue = (doc: Doc, from: ByteReader): any => {
  const tag = from.byte()
  if (tag === TYPE) {
    const kind = from.byte()
    return doc._view(kind, from.uint())
  }
  // Its document is looked up when all has been read: that is a call of its own.
  if (tag === DOCUMENT) return new Reference(from.uint())
  if (tag === UNITS) return from.units()
  if (tag === OBJECT) {
    const address = from.uint()
    const size = from.uint()
    const known = doc._objects.get(address)
    if (known === undefined) return doc._objects.keep(address, from.any())
    from.at += size
    return known
  }
  return from.anyOf(tag)
}
class Reference {
  constructor(readonly number: number) {}
}
const resolved = (doc: Doc, value: any): any =>
  value instanceof Reference ? doc._subdoc(value.number) : value

/** The one value of an answer; undefined where there is none. */
export const takeValue = (doc: Doc): any => {
  const from = new ByteReader()
  return from.more ? resolved(doc, readValue(doc, from)) : undefined
}
/** All values of an answer. */
export const takeValues = (doc: Doc): any[] => {
  const values: any[] = []
  let references = false
  const from = new ByteReader()
  from.integers(values)
  while (from.more) {
    const value = readValue(doc, from)
    references ||= value instanceof Reference
    values.push(value)
  }
  return references ? values.map((value) => resolved(doc, value)) : values
}
/** Keys and values of an answer. */
export const takeEntries = (doc: Doc): [string, any][] => {
  const found: [number, any][] = []
  for (const from = new ByteReader(); from.more; ) {
    found.push([from.uint(), readValue(doc, from)])
  }
  return found.map(([key, value]) => [doc._name(key), resolved(doc, value)])
}

/** Only the keys of such entries. */
export const takeKeys = (doc: Doc): string[] => {
  const found: number[] = []
  for (const from = new ByteReader(); from.more; readValue(doc, from)) found.push(from.uint())
  return found.map((key) => doc._name(key))
}

export const readParent = (doc: Doc, number: number): AbstractType<any> | null => {
  check(engine.rw_type_parent(doc._open(), number))
  const from = new ByteReader()
  if (!from.more) return null
  const kind = from.byte()
  return doc._view(kind, from.uint())
}
export { resolved }
