// What a provider can be told, and what it tells.
import type { Doc } from '../index.js'
import type { AwarenessLike } from './awareness.js'
import type { Bytes } from './bytes.js'
import type { GetToken, LineOptions, ProviderError } from './line.js'
import type { Epoch, OutboxStorage } from './storage.js'
import type { SharedConnection } from './SharedConnection.js'
import type { FetchSnapshot } from './snapshot.js'
import { textFrames } from './text-stream.js'
import type { WebsocketProvider } from './WebsocketProvider.js'

/**
 * How what is here and what is on the server relate.
 * - `synced`: everything is there, and durable; what the server had is here
 * - `syncing`: connected, and something is on its way
 * - `unsynced`: connected, but the server does not take what is here; `lastError` says why
 * - `offline`: not connected; changes wait here
 */
export type SyncState = 'synced' | 'syncing' | 'unsynced' | 'offline'

export interface ProviderOptions {
  /** Whether to connect at once (default: true). */
  connect?: boolean
  /** Who is there: of this package or of y-protocols. */
  awareness?: AwarenessLike
  /** Goes into the query of the address. Not for tokens: addresses are logged. */
  params?: { [key: string]: string }
  /** Subprotocols of the WebSocket. */
  protocols?: string[]
  /** Where there is no WebSocket, as in Node 20. */
  WebSocketPolyfill?: typeof WebSocket
  /** Asks for the server's state every so many milliseconds; not needed where all goes well. */
  resyncInterval?: number
  /** The most milliseconds to wait before the next attempt (default: 2500). */
  maxBackoffTime?: number
  /** Do not talk to other tabs directly. */
  disableBc?: boolean
  /** Decides instead of the table of close codes. */
  shouldReconnect?: (event: CloseEvent, provider: WebsocketProvider) => boolean
  /** The token that says who this is: asked before each attempt, and before it ends. */
  getToken?: GetToken
  /** A connection that several documents share. */
  connection?: SharedConnection
  /** Where changes wait until they are acknowledged: IndexedDB if there is one; null: in memory alone. */
  storage?: OutboxStorage | null
  /**
   * Makes the document that takes the place of one that was replaced; then the provider goes on with it by
   * itself, and tells of it by the event `document`.
   */
  renewDocument?: (old: Doc) => Doc
  /** `y-websocket` does not even ask whether the server can do more (default: `auto`). */
  protocol?: 'auto' | 'y-websocket'
  /**
   * Numbered text frames, for transports that carry no binary messages or only short ones. Without this,
   * from the second connection on where the first was closed with 1003: no binary messages there.
   */
  textFrames?: boolean
  /**
   * Gets an empty document most of what the server has before it connects: for servers whose messages are
   * short. See `snapshotFrom`. If it fails, all comes through the connection.
   */
  snapshot?: FetchSnapshot
}

/** The document was replaced on the server (restored, or renumbered): this copy does not fit it. */
export interface EpochEvent {
  /** The server's, if it has told. */
  epoch: Epoch | null
  previous: Epoch | null
  /** What was not acknowledged, as one update. It is kept aside, too. */
  unsent: Bytes | null
  /** Whether all that was written here is in the new epoch: after a renumbering it usually is. */
  isMoved: boolean
  /** The copy may be merged into the document that is there now: goes on with it. Never after a renumbering. */
  rejoin(): void
}

/** A message as it went over the socket, or to other tabs. */
export interface Traffic {
  direction: 'in' | 'out'
  through: 'socket' | 'tabs'
  message: Uint8Array
}

export interface ProviderEvents {
  status: (event: { status: 'connecting' | 'connected' | 'disconnected' }) => void
  sync: (isSynced: boolean) => void
  synced: (isSynced: boolean) => void
  'connection-close': (event: CloseEvent | null, provider: WebsocketProvider) => void
  'connection-error': (event: Event, provider: WebsocketProvider) => void
  /** The server will not have us back. */
  closed: (event: { code: number; reason: string }, provider: WebsocketProvider) => void
  state: (event: { state: SyncState; unsent: number; lastError: ProviderError | null }) => void
  error: (error: ProviderError) => void
  epoch: (event: EpochEvent, provider: WebsocketProvider) => void
  /** A new document has taken the place of the one that was replaced. */
  document: (doc: Doc, old: Doc) => void
  /** What an application on the server broadcasts: `comment`, `user-joined`, `user-left`... */
  event: (event: { type: string; [key: string]: unknown }) => void
  traffic: (traffic: Traffic) => void
}

/** Those of a provider's own connection. */
export function lineOptions(provider: WebsocketProvider, options: ProviderOptions, prepare: () => Promise<void>): LineOptions {
  const { maxBackoffTime = 2500, WebSocketPolyfill = globalThis.WebSocket, getToken, shouldReconnect } = options
  if (WebSocketPolyfill === undefined) {
    throw new TypeError('there is no WebSocket here: pass one as WebSocketPolyfill')
  }
  return {
    url: () => provider.url,
    protocols: () => provider.protocols,
    WebSocket: WebSocketPolyfill,
    maxBackoffTime,
    getToken,
    prepare,
    ...(options.textFrames ? { framing: textFrames() } : { fallback: textFrames() }),
    ...(shouldReconnect && { shouldReconnect: (event: CloseEvent) => shouldReconnect(event, provider) })
  }
}
