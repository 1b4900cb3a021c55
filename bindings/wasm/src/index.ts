// All that the package exports, under the names that Yjs gives them.
import './doc/telling.js'
import './names.js'
export { Doc, type DocEvents, type DocOpts } from './doc/Doc.js'
export { transact, Transaction } from './doc/Transaction.js'
export { AbstractType } from './types/AbstractType.js'
export { YArray as Array, YArrayEvent } from './types/YArray.js'
export { YMap as Map, YMapEvent } from './types/YMap.js'
export { YText as Text, YTextEvent } from './types/YText.js'
export { YXmlFragment as XmlFragment } from './types/YXmlFragment.js'
export { YXmlElement as XmlElement } from './types/YXmlElement.js'
export { YXmlHook as XmlHook } from './types/YXmlHook.js'
export { YXmlText as XmlText } from './types/YXmlText.js'
export { YXmlEvent } from './types/YXmlEvent.js'
export { YEvent } from './types/YEvent.js'
export * from './update/updates.js'
export { UndoManager, type StackItemEvent, type UndoManagerOptions } from './undo/UndoManager.js'
export type { StackItem } from './undo/StackItem.js'
export * from './update/decode.js'
export { UpdateDecoderV1, UpdateDecoderV2 } from './update/decoders.js'
export { UpdateEncoderV1, UpdateEncoderV2 } from './update/encoders.js'
export {
  createDocFromSnapshot,
  createSnapshot,
  decodeSnapshot,
  decodeSnapshotV2,
  emptySnapshot,
  encodeSnapshot,
  encodeSnapshotV2,
  equalSnapshots,
  Snapshot,
  snapshot,
  snapshotContainsUpdate,
  snapshotContainsUpdateV2
} from './update/Snapshot.js'
export { typeListToArraySnapshot, typeMapGetAllSnapshot, typeMapGetSnapshot } from './update/snapshot-reads.js'
export { AbstractStruct, GC, Skip } from './structs/AbstractStruct.js'
export {
  ContentAny,
  ContentBinary,
  ContentDeleted,
  ContentDoc,
  ContentEmbed,
  ContentFormat,
  ContentJSON,
  ContentString,
  ContentType
} from './structs/contents.js'
export {
  createDeleteSet,
  equalDeleteSets,
  isDeleted,
  iterateDeletedStructs,
  mergeDeleteSets,
  type DeleteSet
} from './structs/DeleteSet.js'
export { compareIDs, createID, findRootTypeKey, ID } from './structs/ID.js'
export { Item } from './structs/Item.js'
export {
  createDeleteSetFromStructStore,
  findIndexSS,
  getItem,
  getItemCleanEnd,
  getItemCleanStart,
  getState,
  tryGc,
  type StructStore
} from './structs/StructStore.js'
export { cleanupYTextFormatting, getTypeChildren, isParentOf, logType } from './types/inspect.js'
export * from './position/RelativePosition.js'
export { AbstractConnector } from './doc/AbstractConnector.js'
export { PermanentUserData } from './doc/PermanentUserData.js'
export { RopewalkError } from './engine/errors.js'
