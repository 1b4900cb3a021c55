// One person's copy of the document, joined to the other page by a BroadcastChannel with the messages
// of y-protocols, as a WebSocket would carry them. `offline()` and `online()` make edits concurrent.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import * as awarenessProtocol from 'y-protocols/awareness'
import * as syncProtocol from 'y-protocols/sync'
import * as Y from 'yjs'

const SYNC = 0
const AWARENESS = 1

export class Peer {
  constructor(room, user, client) {
    this.doc = new Y.Doc()
    // Two random numbers decide who comes first; a given one makes a failing run repeat itself.
    if (client) this.doc.clientID = client
    this.awareness = new awarenessProtocol.Awareness(this.doc)
    this.user = user
    this.awareness.setLocalStateField('user', user)
    this.room = room
    this.channel = null
    this.doc.on('update', (update, origin) => {
      if (origin !== this) this.send(SYNC, (encoder) => syncProtocol.writeUpdate(encoder, update))
    })
    this.awareness.on('update', ({ added, updated, removed }, origin) => {
      if (origin !== this) this.sendAwareness(added.concat(updated, removed))
    })
  }

  online() {
    this.channel = new BroadcastChannel(this.room)
    this.channel.onmessage = ({ data }) => this.receive(data)
    // Both halves of a sync: what the other lacks of ours, and the question for what we lack.
    this.send(SYNC, (encoder) => syncProtocol.writeSyncStep2(encoder, this.doc))
    this.send(SYNC, (encoder) => syncProtocol.writeSyncStep1(encoder, this.doc))
    this.sendAwareness([this.doc.clientID])
  }

  offline() {
    this.channel?.close()
    this.channel = null
  }

  send(kind, write) {
    if (!this.channel) return
    const encoder = encoding.createEncoder()
    encoding.writeVarUint(encoder, kind)
    write(encoder)
    this.channel.postMessage(encoding.toUint8Array(encoder))
  }

  sendAwareness(clients) {
    this.send(AWARENESS, (encoder) =>
      encoding.writeVarUint8Array(
        encoder,
        awarenessProtocol.encodeAwarenessUpdate(this.awareness, clients),
      ),
    )
  }

  receive(bytes) {
    const decoder = decoding.createDecoder(bytes)
    if (decoding.readVarUint(decoder) === AWARENESS) {
      awarenessProtocol.applyAwarenessUpdate(
        this.awareness,
        decoding.readVarUint8Array(decoder),
        this,
      )
      return
    }
    const isQuestion = decoding.peekVarUint(decoder) === syncProtocol.messageYjsSyncStep1
    const answer = encoding.createEncoder()
    encoding.writeVarUint(answer, SYNC)
    syncProtocol.readSyncMessage(decoder, answer, this.doc, this)
    if (isQuestion) {
      this.channel?.postMessage(encoding.toUint8Array(answer))
      this.sendAwareness([this.doc.clientID])
    }
  }
}
