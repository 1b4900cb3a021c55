// Yjs, and ropewalk, which has the same API.

// Fixed, since the bytes of an update hold it: as long as one that is drawn.
const kWriter = 0x9e3779b9
const kReader = 0x85ebca6b

// In no closure: each document would have one of its own, and V8 compile the loop for each.
function edit(text, edits) {
  for (const { position, deleted, inserted } of edits) {
    if (deleted) text.delete(position, deleted)
    if (inserted) text.insert(position, inserted)
  }
}

export class YjsLike {
  constructor(Y) {
    this.Y = Y
  }

  document(client) {
    const doc = new this.Y.Doc()
    doc.clientID = client
    return doc
  }

  replayOne(edits) {
    const doc = this.document(kWriter)
    const text = doc.getText('text')
    doc.transact(() => edit(text, edits))
    return doc
  }

  // A call outside of a transaction is one.
  replayEach(edits, listener) {
    const doc = this.document(kWriter)
    doc.on('update', listener)
    edit(doc.getText('text'), edits)
    return doc
  }

  applyUpdates(updates) {
    const { applyUpdate } = this.Y
    const doc = this.document(kReader)
    for (const update of updates) applyUpdate(doc, update)
    return doc
  }

  encode(doc) {
    return this.Y.encodeStateAsUpdate(doc)
  }

  open(stored) {
    const doc = this.document(kReader)
    this.Y.applyUpdate(doc, stored)
    return doc
  }

  text(doc) {
    return doc.getText('text').toString()
  }

  mergeUpdates(updates) {
    return this.Y.mergeUpdates(updates)
  }
}
