// One editor on a server, by a provider as its authors ship it:
// ?provider=y-websocket|hocuspocus&editor=tiptap|codemirror&server=ws://…&room=r&name=Ann&color=%23c2410c
// What tests ask of it is `window.page`.
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import { WebsocketProvider } from 'y-websocket'
import * as Y from 'yjs'
import { generator } from './random.js'

const query = new URLSearchParams(location.search)
const editors = { tiptap: () => import('./tiptap.js'), codemirror: () => import('./codemirror.js') }
const { open } = await editors[query.get('editor')]()

const [server, room] = [query.get('server'), query.get('room')]
const doc = new Y.Doc()

function hocuspocus() {
  // Back within a second or two: its own pauses go up to half a minute.
  const socket = new HocuspocusProviderWebsocket({ url: `${server}/hocuspocus`, delay: 300, minDelay: 300, maxDelay: 1500 })
  const provider = new HocuspocusProvider({ websocketProvider: socket, name: room, document: doc, token: 'none' })
  provider.attach()
  // It ignores connect() for as long as the end of the last connection is on its way.
  const disconnect = () =>
    new Promise((resolve) => {
      if (socket.status === 'disconnected') return resolve()
      const over = ({ status }) => status === 'disconnected' && (socket.off('status', over), resolve())
      socket.on('status', over)
      socket.disconnect()
    })
  return Object.assign(provider, { connect: () => socket.connect(), disconnect })
}

const provider =
  query.get('provider') === 'hocuspocus'
    ? hocuspocus()
    : new WebsocketProvider(`${server}/collab`, room, doc, { disableBc: true })
const color = query.get('color')
const user = { name: query.get('name'), color, colorLight: `${color}33` }
provider.awareness.setLocalStateField('user', user)

const editor = open({ doc, awareness: provider.awareness, user }, document.querySelector('#editor'))
const isSynced = () => provider.synced && !provider.hasUnsyncedChanges

window.page = {
  editor,
  synced: isSynced,
  // Deletions move no state vector: text and formats are compared, too.
  state: () => ({ shown: editor.shown(), value: String(editor.type().toJSON()), synced: isSynced() }),
  who: () => [...provider.awareness.getStates().values()].map(({ user }) => user?.name).sort(),
  online: () => provider.connect(),
  offline: () => provider.disconnect(),
  steps(count, seed) {
    const random = generator(seed)
    for (let i = 0; i < count; i++) editor.step(random)
  },
}
document.body.dataset.ready = 'yes'
