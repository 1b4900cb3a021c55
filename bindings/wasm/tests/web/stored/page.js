// A client as its authors ship it, that keeps its copy in IndexedDB: yjs, y-websocket and y-indexeddb.
// ?server=ws://…&room=r; the database has the name of the room, as people do it. What tests ask of it is
// `window.page`.
import { IndexeddbPersistence } from 'y-indexeddb'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'

const query = new URLSearchParams(location.search)
const [server, room] = [query.get('server'), query.get('room')]
const doc = new Y.Doc()
const text = doc.getText('text')
const storage = new IndexeddbPersistence(room, doc)
await storage.whenSynced
const kept = text.toString()
const provider = new WebsocketProvider(`${server}/collab`, room, doc, { disableBc: true, maxBackoffTime: 200 })
const closes = []
provider.on('connection-close', (event) => event && closes.push(event.code))

window.page = {
  insert: (at, what) => text.insert(at, what),
  offline: () => provider.disconnect(),
  state: () => ({ kept, text: text.toString(), synced: provider.synced, closes }),
  /** All that was written here is in the database. */
  async stored() {
    const known = Y.encodeStateVector(doc)
    for (;;) {
      const copy = new Y.Doc()
      const other = new IndexeddbPersistence(room, copy)
      await other.whenSynced
      const there = Y.encodeStateVector(copy)
      await other.destroy()
      if (there.length === known.length && there.every((byte, i) => byte === known[i])) return
      await new Promise((later) => setTimeout(later, 20))
    }
  },
}
document.body.dataset.ready = 'yes'
