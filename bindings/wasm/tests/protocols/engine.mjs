// The packages on one engine: what the tests need of them.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { setupWSConnection, docs } from '@y/websocket-server/utils'
import { WebSocket, WebSocketServer } from 'ws'
import { IndexeddbPersistence, storeState } from 'y-indexeddb'
import * as auth from 'y-protocols/auth'
import * as awareness from 'y-protocols/awareness'
import * as sync from 'y-protocols/sync'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

export { Y, IndexeddbPersistence, storeState, awareness, auth, sync, docs, decoding, encoding }

// A document with something of everything.
export function fill(doc, name) {
  doc.transact(() => {
    doc.getText('text').insert(0, `${name} 😀 `, { bold: true })
    doc.getText('text').insertEmbed(0, { image: `${name}.png` })
    doc.getArray('list').push([name, 1.5, null, { a: [1] }, new Uint8Array([1, 2])])
    doc.getMap('map').set(name, new Y.Map([['deep', new Y.Array()]]))
    const paragraph = new Y.XmlElement('p')
    paragraph.insert(0, [new Y.XmlText(name)])
    paragraph.setAttribute('class', name)
    doc.getXmlFragment('xml').push([paragraph])
  })
}

// The order of a map's entries is that of their arrival.
export const show = doc => {
  const entries = Object.entries(doc.getMap('map').toJSON()).sort()
  return JSON.stringify([doc.getText('text').toDelta(), doc.getArray('list'), entries, doc.getXmlFragment('xml').toString()])
}

// A server for y-websocket that ends with `close`.
export async function serve() {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' })
  server.on('connection', setupWSConnection)
  await new Promise(resolve => server.once('listening', resolve))
  const close = () => {
    for (const client of server.clients) client.terminate()
    return new Promise(resolve => server.close(resolve))
  }
  return { url: `ws://127.0.0.1:${server.address().port}`, close }
}

export function connect(url, room, { doc = new Y.Doc(), broadcast = false } = {}) {
  return new WebsocketProvider(url, room, doc, { WebSocketPolyfill: WebSocket, disableBc: !broadcast, maxBackoffTime: 50 })
}
