// A place in a text or list that stays where it is while others edit: it names a unit instead of
// counting.
import type { Doc } from '../doc/Doc.js'
import { ByteReader, ByteWriter, put } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import { findRootTypeKey, compareIDs, ID } from '../structs/ID.js'
import type { AbstractType } from '../types/AbstractType.js'
import { inputOf, invalid, readByte, readInt, readString, readUint } from '../update/input.js'

const [ITEM, ROOT, TYPE] = [0, 1, 2]

export class RelativePosition {
  constructor(
    /** The item that holds the type; null for a root. */
    public type: ID | null,
    /** The name of the root. */
    public tname: string | null,
    /** The unit; null at the start or end of the type. */
    public item: ID | null,
    /** Below 0: it stays behind what is to its left, else in front of what is to its right. */
    public assoc = 0
  ) {}
}

export class AbsolutePosition {
  constructor(
    public type: AbstractType<any>,
    public index: number,
    public assoc = 0
  ) {}
}

/** The place in front of unit `index`; with `assoc` below 0, behind the unit before. */
export const createRelativePositionFromTypeIndex = (type: AbstractType<any>, index: number, assoc = 0): RelativePosition => {
  let item: ID | null = null
  if (type.doc !== null) {
    check(engine.rw_position(type.doc._open(), type._number, index, assoc < 0 ? 1 : 0))
    const from = new ByteReader()
    if (from.more) item = new ID(from.uint(), from.uint())
  }
  const holder = type._item
  return holder === null
    ? new RelativePosition(null, findRootTypeKey(type), item, assoc)
    : new RelativePosition(new ID(holder.id.client, holder.id.clock), null, item, assoc)
}

/** Where it is now; null where that is not known here, or is gone. */
export const createAbsolutePositionFromRelativePosition = (
  position: RelativePosition,
  doc: Doc,
  followUndoneDeletions = true
): AbsolutePosition | null => {
  const { item, tname, assoc } = position
  if (item === null && tname !== null) {
    const type = doc.get(tname)
    return new AbsolutePosition(type, assoc >= 0 ? type._length : 0, assoc)
  }
  const at = doc._open()
  const size = put((to) => writeRelativePosition(to, position))
  check(engine.rw_place(at, size, followUndoneDeletions ? 1 : 0))
  const from = new ByteReader()
  if (!from.more) return null
  const kind = from.byte()
  const type = doc._view(kind, from.uint())
  return new AbsolutePosition(type, from.uint(), assoc)
}

export const compareRelativePositions = (a: RelativePosition | null, b: RelativePosition | null): boolean =>
  a === b ||
  (a !== null &&
    b !== null &&
    a.tname === b.tname &&
    a.assoc === b.assoc &&
    compareIDs(a.item, b.item) &&
    compareIDs(a.type, b.type))

// -- as JSON --------------------------------------------------------------------------------------

export const relativePositionToJSON = ({ type, tname, item, assoc }: RelativePosition): any => ({
  ...(type && { type }),
  ...(tname !== null && { tname }),
  ...(item && { item }),
  assoc
})

const idOf = (json: any): ID | null => (json == null ? null : new ID(json.client, json.clock))
export const createRelativePositionFromJSON = (json: any): RelativePosition =>
  new RelativePosition(idOf(json.type), json.tname ?? null, idOf(json.item), json.assoc ?? 0)

// -- as bytes -------------------------------------------------------------------------------------

const writeRelativePosition = (to: ByteWriter, { type, tname, item, assoc }: RelativePosition): ByteWriter => {
  if (item !== null) to.byte(ITEM).uint(item.client).uint(item.clock)
  else if (tname !== null) to.byte(ROOT).string(tname)
  else if (type !== null) to.byte(TYPE).uint(type.client).uint(type.clock)
  else throw new Error('this relative position names nothing')
  return to.int(assoc)
}
/** Small: of a unit, only that. */
export const encodeRelativePosition = (position: RelativePosition): Uint8Array<ArrayBuffer> =>
  writeRelativePosition(new ByteWriter(), position).taken()

export const decodeRelativePosition = (bytes: Uint8Array): RelativePosition => {
  const from = inputOf(bytes)
  const tag = readByte(from)
  let type: ID | null = null
  let tname: string | null = null
  let item: ID | null = null
  if (tag === ITEM) item = new ID(readUint(from), readUint(from))
  else if (tag === ROOT) tname = readString(from)
  else if (tag === TYPE) type = new ID(readUint(from), readUint(from))
  else invalid('unknown_tag', inputOf(bytes))
  return new RelativePosition(type, tname, item, from.pos < bytes.length ? readInt(from) : 0)
}
