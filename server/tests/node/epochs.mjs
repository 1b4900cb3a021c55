// Clients in Node that do as they are told: a line of JSON in, a line of JSON out. `ours` is ropewalk/provider
// of the package whose folder is the argument; `stock` is y-websocket with y-indexeddb, on Yjs.
import 'fake-indexeddb/auto'
import { createInterface } from 'node:readline'
import { pathToFileURL } from 'node:url'
import WebSocket from 'ws'
import { IndexeddbPersistence } from 'y-indexeddb'
import { WebsocketProvider as StockProvider } from 'y-websocket'
import * as Y from 'yjs'

const packed = (file) => import(pathToFileURL(`${process.argv[2]}/${file}`).href)
const ropewalk = await packed('node.mjs')
const { WebsocketProvider } = await packed('provider-node.mjs')

const clients = new Map()
const options = { WebSocketPolyfill: WebSocket, disableBc: true, maxBackoffTime: 100 }

const commands = {
  /** `owns`: whether the provider may make new documents. */
  ours({ as, url, document, owns }) {
    const client = { events: [], get doc() { return client.provider.doc } }
    const renewDocument = () => new ropewalk.Doc()
    client.provider = new WebsocketProvider(url, document, new ropewalk.Doc(), { ...options, ...(owns && { renewDocument }) })
    client.provider.on('epoch', ({ epoch, isMoved }) => {
      client.events.push(`epoch ${epoch}${isMoved ? ' moved' : ''}`)
      // As the guide says it.
      client.provider.destroy()
      client.again = { as, url, document }
    })
    client.provider.on('document', () => client.events.push('document'))
    clients.set(as, client)
  },
  async stock({ as, url, document, reads }) {
    const client = { events: [], doc: new Y.Doc() }
    client.storage = new IndexeddbPersistence(`${document} of ${as}`, client.doc)
    await client.storage.whenSynced
    client.provider = new StockProvider(url, document, client.doc, options)
    client.provider.on('connection-close', (event) => event && client.events.push(event.code))
    clients.set(as, client)
  },
  edit({ as, at, text, remove }) {
    const shared = clients.get(as).doc.getText('text')
    if (remove) shared.delete(at, remove)
    if (text) shared.insert(at < 0 ? shared.length : at, text)
  },
  away({ as }) {
    clients.get(as).provider.disconnect()
  },
  back({ as }) {
    clients.get(as).provider.connect()
  },
  async leave({ as }) {
    const { provider, storage } = clients.get(as)
    if (provider.whenStored) await provider.whenStored()
    provider.destroy()
    await storage?.destroy()
  },
  look({ as }) {
    const client = clients.get(as)
    if (client.again) {
      const { again, events } = client
      commands.ours(again)
      clients.get(as).events.unshift(...events)
    }
    const { provider, events, doc } = clients.get(as)
    return { text: doc.getText('text').toString(), state: provider.state, synced: provider.synced, unsent: provider.unsent, events }
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  console.log(JSON.stringify((await commands[command.do](command)) ?? {}))
}
process.exit(0)
