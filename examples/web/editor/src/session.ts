// A document, and the connection that keeps it and the server together.
import { useEffect, useState } from 'react'
import * as Y from 'yjs'
import { Awareness, warnBeforeUnload, watchActivity, WebsocketProvider } from 'yjs/provider'
import { type Person, unlike, whoAmI } from './people'
import { tokenFor } from './identity'
import { TrafficLog } from './traffic'

export interface Session {
  id: string
  doc: Y.Doc
  letter: Y.XmlFragment
  notes: Y.Text
  awareness: Awareness
  provider: WebsocketProvider
  traffic: TrafficLog
  close: () => void
}

const server = new URL('collab', location.href)
server.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:'
server.hash = ''

function open(id: string): Session {
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  const me = whoAmI()
  awareness.setLocalStateField('user', me)
  const provider = new WebsocketProvider(server.href, id, doc, {
    awareness,
    connect: false,
    getToken: () => tokenFor(me),
    // Two tabs of one browser could talk directly. Here they go through the server, to show that it works.
    disableBc: true
  })
  const traffic = new TrafficLog()
  provider.on('traffic', traffic.add)
  const stopWarning = warnBeforeUnload(provider)
  const stopChoosing = chooseColor(awareness)
  const stopWatching = watchActivity(awareness, { doc })
  introduce(provider, awareness)
  provider.connect()
  const close = (): void => {
    stopWarning()
    stopChoosing()
    stopWatching()
    provider.destroy()
    // The document itself goes when nobody holds it: editors that are being taken down still do.
    awareness.destroy()
  }
  return { id, doc, letter: doc.getXmlFragment('letter'), notes: doc.getText('notes'), awareness, provider, traffic, close }
}

/** The server has said who we are; with that, two tabs of ours are one person to the others. */
function introduce(provider: WebsocketProvider, awareness: Awareness): void {
  const say = (): void => {
    const id = provider.welcome?.user?.id
    const user = awareness.getLocalState()?.user as Person | undefined
    if (id !== undefined && user !== undefined && user.id !== id) awareness.setLocalStateField('user', { ...user, id })
  }
  provider.on('state', say)
  awareness.on('change', say)
}

/** Of two with one colour, the one with the higher id takes another. */
function chooseColor(awareness: Awareness): () => void {
  const choose = (): void => {
    const me = awareness.getLocalState()?.user as Person | undefined
    if (me === undefined) return
    const others = [...awareness.getStates()].filter(
      ([id, { user }]) => id !== awareness.clientID && user?.color && (me.id === undefined || user.id !== me.id)
    )
    if (!others.some(([id, { user }]) => id < awareness.clientID && user.color === me.color)) return
    awareness.setLocalStateField('user', unlike(me, others.map(([, { user }]) => user)))
  }
  awareness.on('change', choose)
  return () => awareness.off('change', choose)
}

/** The session of a document, as long as it is shown. */
export function useSession(id: string): Session | null {
  const [session, setSession] = useState<Session | null>(null)
  useEffect(() => {
    const opened = open(id)
    setSession(opened)
    // For the console, and for tests.
    Object.assign(window, { ropewalk: opened })
    return () => {
      setSession(null)
      opened.close()
    }
  }, [id])
  return session?.id === id ? session : null
}
