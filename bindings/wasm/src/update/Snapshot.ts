// What a document looked like: which ids were known, and which of them deleted.
import { Doc } from '../doc/Doc.js'
import { put } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, takeBytes } from '../engine/wasm.js'
import {
  createDeleteSet,
  type DeleteSet,
  equalDeleteSets,
  isDeleted,
  mergeDeleteSets,
  readDeleteSet,
  readStateVector,
  writeDeleteSet,
  writeStateVector
} from '../structs/DeleteSet.js'
import type { StructLike } from '../structs/Item.js'
import { createDeleteSetFromStructStore } from '../structs/StructStore.js'
import { decodeUpdateV2 } from './decode.js'
import { type DSDecoder, DSDecoderV1, DSDecoderV2, UpdateDecoderV1, UpdateDecoderV2 } from './decoders.js'
import { type DSEncoder, DSEncoderV1, DSEncoderV2 } from './encoders.js'
import { inputOf } from './input.js'
import { applyUpdate } from './updates.js'

export class Snapshot {
  constructor(
    public ds: DeleteSet,
    public sv: Map<number, number>
  ) {}
}

export const createSnapshot = (ds: DeleteSet, sv: Map<number, number>): Snapshot => new Snapshot(ds, sv)
export const emptySnapshot = createSnapshot(createDeleteSet(), new Map())

/** What the document looks like now. */
export const snapshot = (doc: Doc): Snapshot =>
  createSnapshot(createDeleteSetFromStructStore(doc.store), doc.store.getStateVector())

export const equalSnapshots = (a: Snapshot, b: Snapshot): boolean =>
  a.sv.size === b.sv.size &&
  [...a.sv].every(([client, clock]) => b.sv.get(client) === clock) &&
  equalDeleteSets(a.ds, b.ds)

export const encodeSnapshotV2 = (snapshot: Snapshot, encoder: DSEncoder = new DSEncoderV2()): Uint8Array<ArrayBuffer> => {
  writeDeleteSet(encoder, snapshot.ds)
  writeStateVector(encoder, snapshot.sv)
  return encoder.toUint8Array()
}
export const encodeSnapshot = (snapshot: Snapshot): Uint8Array<ArrayBuffer> =>
  encodeSnapshotV2(snapshot, new DSEncoderV1())

export const decodeSnapshotV2 = (bytes: Uint8Array, decoder: DSDecoder = new DSDecoderV2(inputOf(bytes))): Snapshot => {
  const ds = readDeleteSet(decoder)
  return createSnapshot(ds, readStateVector(decoder))
}
export const decodeSnapshot = (bytes: Uint8Array): Snapshot =>
  decodeSnapshotV2(bytes, new DSDecoderV1(inputOf(bytes)))

/** Was this there, and not deleted? Without a snapshot: is it there now? */
export const isVisible = (struct: StructLike & { deleted: boolean }, snapshot?: Snapshot): boolean =>
  snapshot === undefined
    ? !struct.deleted
    : struct.id.clock < (snapshot.sv.get(struct.id.client) ?? 0) && !isDeleted(snapshot.ds, struct.id)

/** Fills a document with another one as it was. That one must not have forgotten what was deleted. */
export const createDocFromSnapshot = (originDoc: Doc, snapshot: Snapshot, newDoc = new Doc()): Doc => {
  if (originDoc.gc) {
    throw new Error('a document that forgets what is deleted cannot be restored: make it with gc: false')
  }
  const bytes = encodeSnapshot(snapshot)
  check(engine.rw_encode_past(originDoc._open(), put((to) => to.raw(bytes))))
  applyUpdate(newDoc, takeBytes(), 'snapshot')
  return newDoc
}

/** Whether an update has nothing that the snapshot has not. */
export const snapshotContainsUpdateV2 = (
  snapshot: Snapshot,
  update: Uint8Array,
  YDecoder: typeof UpdateDecoderV1 | typeof UpdateDecoderV2 = UpdateDecoderV2
): boolean => {
  const { structs, ds } = decodeUpdateV2(update, YDecoder)
  return (
    structs.every(({ id, length }) => id.clock + length <= (snapshot.sv.get(id.client) ?? 0)) &&
    equalDeleteSets(mergeDeleteSets([snapshot.ds]), mergeDeleteSets([snapshot.ds, ds]))
  )
}
export const snapshotContainsUpdate = (snapshot: Snapshot, update: Uint8Array): boolean =>
  snapshotContainsUpdateV2(snapshot, update, UpdateDecoderV1)
