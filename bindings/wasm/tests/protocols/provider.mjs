// Our provider on the ropewalk engine; the rest is of engine.mjs.
import { WebSocket } from 'ws'
import { WebsocketProvider } from 'yjs/provider'
import * as Y from 'yjs'
export * from './engine.mjs'

export function connect(url, room, { doc = new Y.Doc(), ...options } = {}) {
  return new WebsocketProvider(url, room, doc, { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 50, ...options })
}
