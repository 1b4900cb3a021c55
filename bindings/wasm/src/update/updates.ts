// Encoded updates: into documents, out of them, and as values without a document.
import { put } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, putBytes, takeBytes } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import { transact } from '../doc/Transaction.js'
import { writeStateVector } from '../structs/DeleteSet.js'
import { DSEncoderV1 } from './encoders.js'

type Bytes = Uint8Array<ArrayBuffer>

const apply = (doc: Doc, update: Uint8Array, origin: any, v2: number): void => {
  if (doc._watchers === 0 && doc._transaction === null) {
    doc._changed()
    return check(engine.rw_apply(doc._open(), putBytes(update), v2, 0))
  }
  transact(
    doc,
    (transaction) => {
      transaction.local = false
      check(engine.rw_apply(doc._open(), putBytes(update), v2, transaction._number))
      transaction._noteBrought()
    },
    origin,
    false
  )
}
/** Takes over what an update has, whole or not at all. `origin` is told to listeners. */
export const applyUpdate = (doc: Doc, update: Uint8Array, origin?: any): void => apply(doc, update, origin, 0)
export const applyUpdateV2 = (doc: Doc, update: Uint8Array, origin?: any): void => apply(doc, update, origin, 1)

const encode = (doc: Doc, vector: Uint8Array | undefined, v2: number, pending: boolean): Bytes => {
  if (doc._packed !== null && v2 === 0 && pending) return doc._packed.diff(vector)
  check(engine.rw_encode(doc._open(), vector === undefined ? 0 : putBytes(vector), v2, pending ? 1 : 0))
  return takeBytes() as Bytes
}
export interface EncodeOptions {
  /** Also passes on what waits for updates that have not arrived (default: true). */
  pending?: boolean
}
/** What a replica with this state vector lacks; without one, everything. */
export const encodeStateAsUpdate = (
  doc: Doc,
  encodedTargetStateVector?: Uint8Array,
  { pending = true }: EncodeOptions = {}
): Bytes => encode(doc, encodedTargetStateVector, 0, pending)
export const encodeStateAsUpdateV2 = (doc: Doc, encodedTargetStateVector?: Uint8Array): Bytes =>
  encode(doc, encodedTargetStateVector, 1, true)

/** How much is known of each client. */
export const encodeStateVector = (doc: Doc | Map<number, number>): Bytes => {
  if (doc instanceof Map) {
    const encoder = new DSEncoderV1()
    writeStateVector(encoder, doc)
    return encoder.toUint8Array()
  }
  if (doc._packed !== null) return doc._packed.stateVector()
  check(engine.rw_state_vector(doc._open()))
  return takeBytes() as Bytes
}

const merge = (updates: readonly Uint8Array[], v2: number, collect: boolean): Bytes => {
  const size = put((to) => {
    to.uint(updates.length)
    for (const update of updates) to.sized(update)
  })
  check(engine.rw_merge(size, v2, collect ? 1 : 0))
  return takeBytes() as Bytes
}
export interface MergeOptions {
  /** Also forgets the content of what is deleted. */
  collect?: boolean
}
/** One update that does what all of them do, in whatever order they are. */
export const mergeUpdates = (updates: readonly Uint8Array[], { collect = false }: MergeOptions = {}): Bytes =>
  merge(updates, 0, collect)
export const mergeUpdatesV2 = (updates: readonly Uint8Array[], { collect = false }: MergeOptions = {}): Bytes =>
  merge(updates, 1, collect)

const diff = (update: Uint8Array, vector: Uint8Array, v2: number): Bytes => {
  put((to) => to.raw(update).raw(vector))
  check(engine.rw_diff(update.length, vector.length, v2))
  return takeBytes() as Bytes
}
/** What an update has that a replica with this state vector lacks. */
export const diffUpdate = (update: Uint8Array, stateVector: Uint8Array): Bytes => diff(update, stateVector, 0)
export const diffUpdateV2 = (update: Uint8Array, stateVector: Uint8Array): Bytes => diff(update, stateVector, 1)

const vectorOf = (update: Uint8Array, v2: number): Bytes => {
  check(engine.rw_vector_of_update(putBytes(update), v2))
  return takeBytes() as Bytes
}
/** How much a document knows that has this update alone. */
export const encodeStateVectorFromUpdate = (update: Uint8Array): Bytes => vectorOf(update, 0)
export const encodeStateVectorFromUpdateV2 = (update: Uint8Array): Bytes => vectorOf(update, 1)

const convert = (update: Uint8Array, v2: number): Bytes => {
  check(engine.rw_convert(putBytes(update), v2))
  return takeBytes() as Bytes
}
export const convertUpdateFormatV1ToV2 = (update: Uint8Array): Bytes => convert(update, 0)
export const convertUpdateFormatV2ToV1 = (update: Uint8Array): Bytes => convert(update, 1)

export interface ObfuscatorOptions {
  /** Keys and values of formats (default: true). */
  formatting?: boolean
  /** Names and options of sub-documents (default: true). */
  subdocs?: boolean
  /** Names of XML elements and hooks (default: true). */
  yxml?: boolean
}
const obfuscate = (update: Uint8Array, v2: number, { formatting = true, subdocs = true, yxml = true }: ObfuscatorOptions = {}): Bytes => {
  const what = (formatting ? 1 : 0) | (subdocs ? 2 : 0) | (yxml ? 4 : 0)
  check(engine.rw_obfuscate(putBytes(update), v2, what))
  return takeBytes() as Bytes
}
/** The same structs with made-up content, to be shown to those who look for a bug. */
export const obfuscateUpdate = (update: Uint8Array, options?: ObfuscatorOptions): Bytes => obfuscate(update, 0, options)
export const obfuscateUpdateV2 = (update: Uint8Array, options?: ObfuscatorOptions): Bytes => obfuscate(update, 1, options)
