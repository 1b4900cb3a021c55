// Providers of Hocuspocus that do as they are told: a line of JSON in, a line of JSON out.
import { createInterface } from 'node:readline'
import { HocuspocusProvider, HocuspocusProviderWebsocket } from '@hocuspocus/provider'
import WebSocket from 'ws'
import * as Y from 'yjs'

const sockets = new Map()
const providers = new Map()

const commands = {
  socket({ socket, url }) {
    sockets.set(
      socket,
      new HocuspocusProviderWebsocket({ url, WebSocketPolyfill: WebSocket, delay: 50, minDelay: 50, maxDelay: 300 }),
    )
  },
  join({ as, socket, document, token, sessions }) {
    const state = { events: [], doc: new Y.Doc() }
    state.provider = new HocuspocusProvider({
      websocketProvider: sockets.get(socket),
      name: document,
      token,
      document: state.doc,
      sessionAwareness: sessions ?? false,
      onAuthenticated: ({ scope }) => state.events.push(`authenticated ${scope}`),
      onAuthenticationFailed: ({ reason }) => state.events.push(`refused ${reason}`),
      onStateless: ({ payload }) => state.events.push(`stateless ${payload}`),
      onClose: () => state.events.push('closed'),
    })
    state.provider.attach()
    providers.set(as, state)
  },
  edit({ as, at, text, remove }) {
    const shared = providers.get(as).doc.getText('text')
    if (remove) shared.delete(at, remove)
    if (text) shared.insert(at, text)
  },
  present({ as, name }) {
    providers.get(as).provider.setAwarenessField('user', { name })
  },
  sync({ as }) {
    providers.get(as).provider.forceSync()
  },
  stateless({ as, payload }) {
    providers.get(as).provider.sendStateless(payload)
  },
  leave({ as }) {
    providers.get(as).provider.destroy()
  },
  look({ as }) {
    const { provider, doc, events } = providers.get(as)
    return {
      text: doc.getText('text').toString(),
      synced: provider.synced,
      unsynced: provider.unsyncedChanges,
      events,
      names: [...provider.awareness.getStates().values()].map((s) => s.user?.name).filter(Boolean).sort(),
    }
  },
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  console.log(JSON.stringify(commands[command.do](command) ?? {}))
}
process.exit(0)
