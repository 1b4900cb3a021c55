// How views of items come by what they tell: a call of the engine looks up one item, or a row of
// neighbours at once, for who asks for one mostly goes on to the next.
import type { Doc } from '../doc/Doc.js'
import { ByteReader } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, readString, readUnits } from '../engine/wasm.js'
import type { AbstractType } from '../types/AbstractType.js'
import { Kind } from '../types/kinds.js'
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

/** Further than any clock. */
export const END = 0xffffffff
const ROW = 64

// As core/items.cpp has them.
const IN_INFO = 7
const CUT = 8
const [HAS_KEY, HAS_COPY] = [16, 32]
// In Item._info the number of the content stands above the flags.
const REF = 4
const CONTENT = 31
const FORGOTTEN = 32
// What is told of the list in a type: nothing, that it is empty, its only item, its first item.
const [EMPTY, ALONE] = [1, 2]
const [OF_TYPE, OF_DOCUMENT] = [7, 9]

const emptyItem = (id: ID): Item => new Item(id, null, null, null, null, null, null, null)
const readId = (from: ByteReader): ID => new ID(from.uint(), from.uint())

const newView = (client: number, clock: number): Item => {
  const item = emptyItem(new ID(client, clock))
  item._left = item._right = item._origin = item._rightOrigin = undefined
  return item
}

// What is read is the view that is known, or `into`, which asks what it is by now.
const readStruct = (doc: Doc, from: ByteReader, into: Item | null, end = END): Item | GC => {
  const flags = from.byte()
  const ref = from.byte()
  const { client, views } = doc.store._client(from.uint())
  const clock = from.uint()
  const length = from.uint()
  if ((ref & CONTENT) === 0) {
    if (into !== null) {
      into._forget(length)
      return into
    }
    const known = views.get(clock)
    const gone = known instanceof GC ? known : views.keep(clock, new GC(new ID(client, clock), length)) as GC
    gone.length = length
    return gone
  }
  const kind = from.byte()
  const parent = doc._view(kind, from.uint())
  const key = (flags & HAS_KEY) !== 0 ? from.uint() : null
  const redone = (flags & HAS_COPY) !== 0 ? readId(from) : null
  let held = -1
  let type: AbstractType<any> | null = null
  if ((ref & CONTENT) === OF_TYPE) {
    const heldKind = from.byte()
    held = from.uint()
    type = doc._view(heldKind, held)
  } else if ((ref & CONTENT) === OF_DOCUMENT) {
    held = from.uint()
  }
  // A shared type knows its item. A part is a view of its own: the id where it begins may be that
  // of the whole.
  const part = (flags & CUT) !== 0 && into === null
  const known = into ?? (part ? undefined : type === null ? views.get(clock) : type._holder)
  // Whether it will be forgotten is not decided before everybody has been told.
  const brief = (ref & FORGOTTEN) !== 0 && doc._transactionCleanups.length > 0
  const version = brief ? doc._versions.brief(parent) : doc._versions.of(parent)
  let item: Item
  if (known instanceof Item && known._in.doc !== null) {
    item = known
  } else {
    item = newView(client, clock)
    if (part) item._more = end
    else if (type !== null) type._holder = item
    else views.keep(clock, item)
  }
  if (item._in !== version) version.add(item)
  const info = (flags & IN_INFO) | (ref << REF)
  if (item._length !== length || item._info !== info || (ref & FORGOTTEN) !== 0) item._content = null
  item._length = length
  item._info = info
  item._key = key
  item._redone = redone
  if (held >= 0) item._more = held
  if (type !== null) readFirst(doc, from, type)
  return item
}

// What an answer tells of the list in a type.
const readFirst = (doc: Doc, from: ByteReader, type: AbstractType<any>): void => {
  const told = from.byte()
  if (told === 0) return
  const first = told === EMPTY ? null : readStruct(doc, from, null) as Item
  if (first !== null) {
    first._left = null
    if (told === ALONE) first._right = first._next = null
  }
  type._startsWith(first)
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
  check(engine.rw_items(doc._open(), client, clock, 0, 1, 0))
  return readStructs(doc)[0] ?? structsIn(doc, client, clock, END, 1)[0]
}

/** The item that holds an id, from there on; null where it was collected. */
export const itemAt = (doc: Doc, client: number, clock: number): Item | null => {
  const [struct] = structsIn(doc, client, clock, END, 1)
  return struct instanceof Item ? struct : null
}

// Where a view of a part of an item ends.
const endOf = (item: Item): number => {
  const content = (item._info >> REF) & CONTENT
  return item._more === 0 || content === OF_TYPE || content === OF_DOCUMENT ? END : item._more
}

/** A view learns what its item is now. */
export const lookAgain = (item: Item): Item => {
  const doc = item._in.doc!
  const { client, clock } = item.id
  check(engine.rw_structs(doc._open(), client, clock, endOf(item), 1))
  readStruct(doc, new ByteReader(), item)
  return item
}

/** What was beside an item when it was inserted: that never changes. */
export const originsOf = (item: Item): void => {
  const { client, clock } = item.id
  check(engine.rw_origins(item._in.doc!._open(), client, clock))
  const from = new ByteReader()
  item._origin = from.byte() !== 0 ? readId(from) : null
  item._rightOrigin = from.byte() !== 0 ? readId(from) : null
}

const linked = (items: Item[], back: number): void => {
  for (let i = 1; i < items.length; i++) {
    const [left, right] = back !== 0 ? [items[i], items[i - 1]] : [items[i - 1], items[i]]
    left._right = right
    right._left = left
  }
  if (items.length > 0 && items.length < ROW) {
    const last = items[items.length - 1]
    if (back !== 0) last._left = null
    else last._right = last._next = null
  }
}

// Whether it holds a type about which nothing is known.
const looksDeeper = (item: Item): boolean =>
  ((item._info >> REF) & CONTENT) === OF_TYPE && item._in.doc!._known(item._more)?._begin === undefined

/** Looks up a row of neighbours behind an item, or in front of it, and answers the first. */
export const neighbour = (item: Item, back: number): Item | null => {
  if (!item._in.current) lookAgain(item)
  const known = back !== 0 ? item._left : item._right
  if (known !== undefined) return known
  const doc = item._in.doc!
  const { client, clock } = item.id
  if (back === 0 && endOf(item) !== END) {
    return (item._right = (structsIn(doc, client, clock + item.length, END, 1)[0] as Item) ?? null)
  }
  check(engine.rw_items(doc._open(), client, clock, back, ROW, looksDeeper(item) ? 1 : 0))
  const row = readStructs(doc) as Item[]
  linked(row, back)
  // What begins inside an item has its neighbours.
  const first = row[1] ?? null
  if (back !== 0) item._left = first
  else item._right = first
  return first
}

/** The next one that is not deleted. */
export const findNext = (item: Item): Item | null => {
  let at = item.right
  while (at !== null && at.deleted) at = at.right
  if (item._in.doc !== null) item._next = at
  return at
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
    item._right = item._next = null
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
  (item._info & (FORGOTTEN << REF)) !== 0 &&
  ![doc._transaction, doc._telling].some((at) => at !== null && isDeleted(at.deleteSet, item.id))

export const showContent = (item: Item): AbstractContent => {
  if (!item._in.current) lookAgain(item)
  return (item._content ??= contentOf(item))
}

const contentOf = (item: Item): AbstractContent => {
  const doc = item._in.doc!
  const ref = item._info >> REF
  const length = item._length
  if ((ref & CONTENT) === 1 || isForgotten(doc, item)) return new ContentDeleted(length)
  if ((ref & CONTENT) === OF_TYPE) return new ContentType(doc._view(Kind.undefined, item._more))
  if ((ref & CONTENT) === OF_DOCUMENT) return new ContentDoc(doc._subdoc(item._more))
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
