// A provider, which has to work on the engine that its document is in.
import { WebsocketProvider } from 'ropewalk/provider'

/** What it says that was never connected: one change waits. */
export function connected(doc) {
  const options = { connect: false, storage: null, disableBc: true, WebSocketPolyfill: class {} }
  const provider = new WebsocketProvider('wss://example.org', 'room', doc, options)
  doc.getText('t').insert(0, 'x')
  const told = `${provider.state} ${provider.unsent}`
  provider.destroy()
  return told
}
