// Updates taken apart.
import type { Doc } from '../doc/Doc.js'
import { check } from '../engine/errors.js'
import { engine, putBytes } from '../engine/wasm.js'
import { type AbstractStruct, GC, Skip } from '../structs/AbstractStruct.js'
import { readContent } from '../structs/contents.js'
import { type DeleteSet, readDeleteSet, readStateVector } from '../structs/DeleteSet.js'
import { ID } from '../structs/ID.js'
import { Item } from '../structs/Item.js'
import { DSDecoderV1, type UpdateDecoder, UpdateDecoderV1, UpdateDecoderV2 } from './decoders.js'
import { type Decoder, inputOf, readUint } from './input.js'
import { applyUpdate, applyUpdateV2 } from './updates.js'

type Struct = Item | GC | Skip
type DecoderClass = typeof UpdateDecoderV1 | typeof UpdateDecoderV2

const readItem = (decoder: UpdateDecoder, id: ID, info: number): Item => {
  const origin = (info & 0x80) !== 0 ? decoder.readLeftID() : null
  const rightOrigin = (info & 0x40) !== 0 ? decoder.readRightID() : null
  // With an origin it is where that is.
  let parent: ID | string | null = null
  let key: string | null = null
  if ((info & 0xc0) === 0) {
    parent = decoder.readParentInfo() ? decoder.readString() : decoder.readLeftID()
    if ((info & 0x20) !== 0) key = decoder.readString()
  }
  return new Item(id, null, origin, null, rightOrigin, parent, key, readContent(decoder, info & 0x1f))
}

const readStructs = (decoder: UpdateDecoder): Struct[] => {
  const structs: Struct[] = []
  for (let clients = readUint(decoder.restDecoder); clients > 0; clients--) {
    let left = readUint(decoder.restDecoder)
    const client = decoder.readClient()
    let clock = readUint(decoder.restDecoder)
    for (; left > 0; left--) {
      const info = decoder.readInfo()
      const id = new ID(client, clock)
      let struct: Struct
      if ((info & 0x1f) === 0) struct = new GC(id, decoder.readLen())
      else if ((info & 0x1f) === 10) struct = new Skip(id, readUint(decoder.restDecoder))
      else struct = readItem(decoder, id, info)
      structs.push(struct)
      clock += struct.length
    }
  }
  return structs
}

export interface DecodedUpdate {
  structs: Struct[]
  ds: DeleteSet
}

/** The structs and deletions that an update carries. */
export const decodeUpdateV2 = (update: Uint8Array, YDecoder: DecoderClass = UpdateDecoderV2): DecodedUpdate => {
  // The engine knows all that can be wrong, and how much a few bytes may ask for.
  check(engine.rw_check_update(putBytes(update), (YDecoder as unknown) === UpdateDecoderV1 ? 0 : 1))
  const decoder = new YDecoder(inputOf(update))
  const structs = readStructs(decoder)
  return { structs, ds: readDeleteSet(decoder) }
}
export const decodeUpdate = (update: Uint8Array): DecodedUpdate => decodeUpdateV2(update, UpdateDecoderV1)

export interface UpdateMeta {
  from: Map<number, number>
  to: Map<number, number>
}

/** Of each client, where the structs of an update begin and where they end. */
export const parseUpdateMetaV2 = (update: Uint8Array, YDecoder: DecoderClass = UpdateDecoderV2): UpdateMeta => {
  const from = new Map<number, number>()
  const to = new Map<number, number>()
  for (const { id, length } of decodeUpdateV2(update, YDecoder).structs as AbstractStruct[]) {
    if (!from.has(id.client)) from.set(id.client, id.clock)
    to.set(id.client, id.clock + length)
  }
  return { from, to }
}
export const parseUpdateMeta = (update: Uint8Array): UpdateMeta => parseUpdateMetaV2(update, UpdateDecoderV1)

export const logUpdateV2 = (update: Uint8Array, YDecoder: DecoderClass = UpdateDecoderV2): void => {
  const { structs, ds } = decodeUpdateV2(update, YDecoder)
  console.log('Structs: ', structs)
  console.log('DeleteSet: ', ds)
}
export const logUpdate = (update: Uint8Array): void => logUpdateV2(update, UpdateDecoderV1)

/** How much is known of each client. */
export const decodeStateVector = (bytes: Uint8Array): Map<number, number> =>
  readStateVector(new DSDecoderV1(inputOf(bytes)))

const readAll = (decoder: Decoder, start: number): Uint8Array => {
  decoder.pos = decoder.arr.length
  return decoder.arr.subarray(start)
}
/** Applies an update that is the rest of an input. */
export const readUpdate = (decoder: Decoder, doc: Doc, origin?: any): void =>
  applyUpdate(doc, readAll(decoder, decoder.pos), origin)
export const readUpdateV2 = (decoder: Decoder, doc: Doc, origin?: any, structDecoder: UpdateDecoder | null = null): void => {
  if (structDecoder instanceof UpdateDecoderV1) return readUpdate(decoder, doc, origin)
  applyUpdateV2(doc, readAll(decoder, structDecoder?._start ?? decoder.pos), origin)
}
