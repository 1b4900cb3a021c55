// How views of items come by what they tell: a call of the engine looks up one item, or a row of
// neighbours at once, for who asks for one mostly goes on to the next.
import type { Doc } from '../doc/Doc.js'
import { ByteReader } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, readString, readUnits } from '../engine/wasm.js'
import { takeValues } from '../types/values.js'
import { GC } from './AbstractStruct.js'
import {
  type AbstractContent,
  ContentAny,
  ContentBinary,
  ContentDeleted,
  ContentDoc,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  ContentString,
  ContentType
} from './contents.js'
import { isDeleted } from './DeleteSet.js'
import { ID } from './ID.js'
import { Item } from './Item.js'
import { Since } from './Since.js'

/** Further than any clock. */
export const END = 0xffffffff
const ROW = 64

// As core/items.cpp has them.
const IN_INFO = 7
const CUT = 8
const [HAS_ORIGIN, HAS_RIGHT, HAS_KEY, HAS_COPY] = [16, 32, 64, 128]
const CONTENT = 31
const FORGOTTEN = 32
const [OF_TYPE, OF_DOCUMENT] = [7, 9]

/** What was looked up. */
export class Seen extends Since {
  /** Number of the content, and whether it is forgotten. */
  ref = 0
  /** Numbers of the type around it, of the key, and of the type or sub-document in it. */
  parent = -1
  key = -1
  held = -1
  /** Of a part of an item: the clock where it ends. */
  end = END
}
export const NOTHING = new Seen()

const emptyItem = (id: ID): Item => new Item(id, null, null, null, null, null, null, null)
const readId = (from: ByteReader): ID => new ID(from.uint(), from.uint())

// What is read is the view that is known, or `into`, which asks what it is by now.
const readStruct = (doc: Doc, from: ByteReader, into: Item | null, end = END): Item | GC => {
  const flags = from.byte()
  const ref = from.byte()
  const client = from.uint()
  const clock = from.uint()
  const length = from.uint()
  const views = doc.store._known(client)
  const known = into ?? views.get(clock)
  if ((ref & CONTENT) === 0) {
    if (into !== null) {
      into._forget(length)
      return into
    }
    const gone = known instanceof GC ? known : views.keep(clock, new GC(new ID(client, clock), length)) as GC
    gone.length = length
    return gone
  }
  // A part is a view of its own: the id where it begins may be that of the whole.
  const part = (flags & CUT) !== 0 && into === null
  let item: Item
  if (known instanceof Item && !part) {
    item = known
  } else {
    item = emptyItem(new ID(client, clock))
    item._doc = doc
    item._seen = new Seen()
    if (part) item._seen.end = end
    else views.keep(clock, item)
  }
  const seen = item._seen
  if (!seen.holds(doc, doc._known(seen.parent))) item._left = item._right = undefined
  if (item._length !== length || seen.ref !== ref || (ref & FORGOTTEN) !== 0) item._content = null
  item._length = length
  item._info = flags & IN_INFO
  seen.ref = ref
  const kind = from.byte()
  seen.parent = from.uint()
  seen.now(doc, doc._view(kind, seen.parent))
  // Whether it will be forgotten is not decided before everybody has been told.
  if ((ref & FORGOTTEN) !== 0) seen.brief()
  item._origin = (flags & HAS_ORIGIN) !== 0 ? readId(from) : null
  item._rightOrigin = (flags & HAS_RIGHT) !== 0 ? readId(from) : null
  seen.key = (flags & HAS_KEY) !== 0 ? from.uint() : -1
  item._redone = (flags & HAS_COPY) !== 0 ? readId(from) : null
  if ((ref & CONTENT) === OF_TYPE) {
    const held = from.byte()
    seen.held = from.uint()
    doc._view(held, seen.held)
  } else if ((ref & CONTENT) === OF_DOCUMENT) {
    seen.held = from.uint()
  }
  return item
}

const readStructs = (doc: Doc, end = END): (Item | GC)[] => {
  const structs: (Item | GC)[] = []
  for (const from = new ByteReader(); from.more; ) structs.push(readStruct(doc, from, null, end))
  return structs
}

/** Structs of a client that cover [from, to): at most `most`, the last one cut there. */
export const structsIn = (doc: Doc, client: number, from: number, to = END, most = END): (Item | GC)[] => {
  check(engine.rw_structs(doc._open(), client, from, to, most))
  return readStructs(doc, to)
}

/** The struct that holds an id. */
export const structWith = (doc: Doc, { client, clock }: ID): Item | GC | undefined => {
  check(engine.rw_items(doc._open(), client, clock, 0, 1))
  return readStructs(doc)[0] ?? structsIn(doc, client, clock, END, 1)[0]
}

/** The item that holds an id, from there on; null where it was collected. */
export const itemAt = (doc: Doc, client: number, clock: number): Item | null => {
  const [struct] = structsIn(doc, client, clock, END, 1)
  return struct instanceof Item ? struct : null
}

/** A view learns what its item is now. */
export const refresh = (item: Item): void => {
  const doc = item._doc!
  const { client, clock } = item.id
  check(engine.rw_structs(doc._open(), client, clock, item._seen.end, 1))
  readStruct(doc, new ByteReader(), item)
}

const linked = (items: Item[], back: number): void => {
  for (let i = 1; i < items.length; i++) {
    const [left, right] = back !== 0 ? [items[i], items[i - 1]] : [items[i - 1], items[i]]
    left._right = right
    right._left = left
  }
  if (items.length > 0 && items.length < ROW) {
    if (back !== 0) items[items.length - 1]._left = null
    else items[items.length - 1]._right = null
  }
}

/** Looks up a row of neighbours behind an item, or in front of it, and answers the first. */
export const neighbour = (item: Item, back: number): Item | null => {
  const doc = item._doc!
  const { client, clock } = item.id
  if (back === 0 && item._seen.end !== END) {
    return (item._right = (structsIn(doc, client, clock + item.length, END, 1)[0] as Item) ?? null)
  }
  check(engine.rw_items(doc._open(), client, clock, back, ROW))
  const row = readStructs(doc) as Item[]
  linked(row, back)
  // What begins inside an item has its neighbours.
  const first = row[1] ?? null
  if (back !== 0) item._left = first
  else item._right = first
  return first
}

/** The first items of a type. */
export const firstItem = (doc: Doc, type: number): Item | null => {
  check(engine.rw_first_items(doc._open(), type, ROW))
  const row = readStructs(doc) as Item[]
  linked(row, 0)
  if (row.length === 0) return null
  row[0]._left = null
  return row[0]
}

/** The newest item of each key. */
export const keyItems = (doc: Doc, type: number): Map<string, Item> => {
  check(engine.rw_newest_items(doc._open(), type))
  const items = new Map<string, Item>()
  for (const item of readStructs(doc) as Item[]) {
    item._right = null
    items.set(item.parentSub!, item)
  }
  return items
}

/** The item that holds a shared type, or a sub-document; null for a root. */
export const holderOf = (doc: Doc, number: number, isDocument: boolean): Item | null => {
  check(engine.rw_holder(doc._open(), number, isDocument ? 1 : 0))
  const [held] = readStructs(doc)
  if (held === undefined || held instanceof Item) return held ?? null
  const gone = emptyItem(held.id)
  gone._forget(1)
  return gone
}

// -- content --------------------------------------------------------------------------------------

// What a transaction has deleted can be looked at until it is over and has been told.
const isForgotten = (doc: Doc, item: Item): boolean =>
  (item._seen.ref & FORGOTTEN) !== 0 &&
  ![doc._transaction, doc._telling].some((at) => at !== null && isDeleted(at.deleteSet, item.id))

export const contentOf = (item: Item): AbstractContent => {
  const doc = item._doc!
  const { ref, held } = item._seen
  const { length } = item
  if ((ref & CONTENT) === 1 || isForgotten(doc, item)) return new ContentDeleted(length)
  if ((ref & CONTENT) === OF_TYPE) return new ContentType(doc._view(0, held))
  if ((ref & CONTENT) === OF_DOCUMENT) return new ContentDoc(doc._subdoc(held))
  check(engine.rw_item_content(doc._open(), item.id.client, item.id.clock, length))
  const from = new ByteReader()
  switch (ref & CONTENT) {
    case 4:
      return new ContentString(from.byte() === 0 ? readString(from.at, from.end - from.at) : readUnits(from.at, from.end - from.at))
    case 6: {
      const key = from.uint()
      const value = from.any()
      return new ContentFormat(doc._name(key), value)
    }
  }
  const values = takeValues(doc)
  switch (ref & CONTENT) {
    case 2:
      return new ContentJSON(values)
    case 3:
      return new ContentBinary(values[0])
    case 5:
      return new ContentEmbed(values[0])
    default:
      return new ContentAny(values)
  }
}
