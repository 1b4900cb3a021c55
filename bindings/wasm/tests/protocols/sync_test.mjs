// y-protocols as it is, on documents of either engine: both sides tell each other everything.
import assert from 'node:assert/strict'
import { load } from '../support/engines.mjs'
import { finish, test } from '../support/test.mjs'

const [yjs, ropewalk] = await Promise.all(['yjs', 'ropewalk'].map(engine => load(engine, import.meta.url)('./engine.mjs')))
const kPairs = [
  ['ropewalk and ropewalk', ropewalk, ropewalk],
  ['ropewalk and Yjs', ropewalk, yjs],
  ['Yjs and ropewalk', yjs, ropewalk],
  ['Yjs and Yjs', yjs, yjs],
]

// One side of a conversation: what it says goes to `peer`.
class Side {
  constructor(engine, doc = new engine.Y.Doc()) {
    Object.assign(this, { engine, doc, peer: null, failures: [] })
    doc.on('update', (update, origin) => {
      if (origin !== this) this.say(encoder => engine.sync.writeUpdate(encoder, update))
    })
  }

  say(write) {
    const encoder = this.engine.encoding.createEncoder()
    write(encoder)
    if (this.peer) this.peer.hear(this.engine.encoding.toUint8Array(encoder))
  }

  hear(message) {
    const { decoding, encoding, sync } = this.engine
    const encoder = encoding.createEncoder()
    sync.readSyncMessage(decoding.createDecoder(message), encoder, this.doc, this, error => this.failures.push(error))
    if (encoding.length(encoder) > 0) this.peer.hear(encoding.toUint8Array(encoder))
  }

  join(peer) {
    this.peer = peer
    peer.peer = this
    for (const side of [this, peer]) side.say(encoder => side.engine.sync.writeSyncStep1(encoder, side.doc))
  }
}

function equal(a, b) {
  assert.equal(a.engine.show(a.doc), b.engine.show(b.doc))
  assert.deepEqual(a.engine.Y.encodeStateVector(a.doc), b.engine.Y.encodeStateVector(b.doc))
}

for (const [names, first, second] of kPairs) {
  await test(`${names}: sync, then updates as they happen`, () => {
    const [a, b] = [new Side(first), new Side(second)]
    first.fill(a.doc, 'left')
    second.fill(b.doc, 'right')
    a.join(b)
    equal(a, b)
    a.doc.getText('text').insert(0, 'typed ')
    b.doc.getText('text').delete(2, 3)
    b.doc.getText('text').format(0, 4, { em: true })
    a.doc.getArray('list').delete(0, 2)
    b.doc.getMap('map').set('left', 1)
    equal(a, b)
  })

  await test(`${names}: a bad update is reported and changes nothing`, () => {
    const [a, b] = [new Side(first), new Side(second)]
    first.fill(a.doc, 'left')
    a.join(b)
    const before = second.show(b.doc)
    const { error } = console
    console.error = () => {}
    a.say(encoder => first.sync.writeUpdate(encoder, new Uint8Array([1, 1, 1, 0, 4, 1, 1, 0x74, 9])))
    console.error = error
    assert.equal(b.failures.length, 1)
    assert.equal(second.show(b.doc), before)
  })

  await test(`${names}: awareness`, () => {
    const docs = [new first.Y.Doc(), new second.Y.Doc()]
    const [a, b] = [new first.awareness.Awareness(docs[0]), new second.awareness.Awareness(docs[1])]
    const heard = []
    b.on('change', ({ added, updated, removed }) => heard.push([added.length, updated.length, removed.length]))
    const tell = clients => second.awareness.applyAwarenessUpdate(b, first.awareness.encodeAwarenessUpdate(a, clients), 'a')
    a.setLocalState({ name: 'é😀', cursor: { anchor: first.Y.createRelativePositionFromTypeIndex(docs[0].getText('text'), 0) } })
    tell([a.clientID])
    const { cursor } = b.getStates().get(docs[0].clientID)
    assert.equal(second.Y.createAbsolutePositionFromRelativePosition(second.Y.createRelativePositionFromJSON(cursor.anchor), docs[1])?.index ?? 0, 0)
    a.setLocalStateField('name', 'b')
    tell([a.clientID])
    a.setLocalState(null)
    tell([a.clientID])
    assert.deepEqual(heard, [[1, 0, 0], [0, 1, 0], [0, 0, 1]])
    docs[0].destroy()
    docs[1].destroy()
    assert.equal(b.getLocalState(), null)
  })

  await test(`${names}: auth`, () => {
    const encoder = first.encoding.createEncoder()
    first.auth.writePermissionDenied(encoder, 'no 😀')
    const doc = new second.Y.Doc()
    let heard = null
    second.auth.readAuthMessage(second.decoding.createDecoder(first.encoding.toUint8Array(encoder)), doc, (y, reason) => (heard = [y === doc, reason]))
    assert.deepEqual(heard, [true, 'no 😀'])
  })
}

finish()
