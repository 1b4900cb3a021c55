// What a provider needs of a connection, be it its own or one that several documents share.
import type { Bytes } from './bytes.js'
import type { Backoff } from './backoff.js'

export interface Wire {
  readonly ws: WebSocket | null
  readonly state: 'off' | 'waiting' | 'connecting' | 'open'
  readonly isOpen: boolean
  readonly heard: number
  readonly backoff: Backoff
  connect(): void
  disconnect(): void
  destroy(): void
  send(message: Bytes): boolean
  succeeded(): void
  welcomed(expires: number | undefined): void
  restart(): void
}
