// Connections to a server: `ropewalk/provider`.
export { WebsocketProvider } from './WebsocketProvider.js'
export { SharedConnection, type SharedConnectionOptions } from './SharedConnection.js'
export type {
  EpochEvent,
  ProviderEvents,
  ProviderOptions,
  SyncState,
  Traffic
} from './options.js'
export type { ProviderError } from './line.js'
export type { Refusal, Welcome } from './messages.js'
export {
  messageAck,
  messageAuth,
  messageAwareness,
  messageDocument,
  messageEpoch,
  messageEvent,
  messageHello,
  messageNumbered,
  messageQueryAwareness,
  messageRefused,
  messageRenew,
  messageState,
  messageSync,
  messageWelcome
} from './messages.js'
export type { MessageHandler } from './handlers.js'
export {
  applyAwarenessUpdate,
  Awareness,
  type AwarenessChange,
  type AwarenessLike,
  type AwarenessState,
  encodeAwarenessUpdate,
  modifyAwarenessUpdate,
  outdatedTimeout,
  removeAwarenessStates
} from './awareness.js'
export { type ActivityOptions, type ActivityStatus, type Holding, holdings, holdingTime, holdSection, watchActivity } from './activity.js'
export { presenceInterval } from './telling.js'
export { type Epoch, IndexedDbStorage, type KeptAside, MemoryStorage, type OutboxStorage, type StoredChange } from './storage.js'
export { type FetchedSnapshot, type FetchSnapshot, snapshotFrom, type SnapshotOptions } from './snapshot.js'
export { Decoder, Encoder } from './bytes.js'
export { warnBeforeUnload } from './unload.js'
