// Yrs in WebAssembly. Transactions are given up with free(), which commits them.
import Y from 'ywasm'

export class Ywasm {
  replayOne(edits) {
    const doc = new Y.YDoc({ clientID: 1 })
    const text = doc.getText('text')
    const transaction = doc.beginTransaction()
    for (const { position, deleted, inserted } of edits) {
      if (deleted) text.delete(position, deleted, transaction)
      if (inserted) text.insert(position, inserted, undefined, transaction)
    }
    transaction.free()
    return doc
  }

  replayEach(edits, listener) {
    const doc = new Y.YDoc({ clientID: 1 })
    doc.onUpdate(listener)
    const text = doc.getText('text')
    for (const { position, deleted, inserted } of edits) {
      const transaction = doc.beginTransaction()
      if (deleted) text.delete(position, deleted, transaction)
      if (inserted) text.insert(position, inserted, undefined, transaction)
      transaction.free()
    }
    return doc
  }

  // Faster than Y.applyUpdate.
  applyUpdates(updates) {
    const doc = new Y.YDoc({ clientID: 2 })
    for (const update of updates) apply(doc, update)
    return doc
  }

  encode(doc) {
    return Y.encodeStateAsUpdate(doc)
  }

  open(stored) {
    const doc = new Y.YDoc({ clientID: 2 })
    apply(doc, stored)
    return doc
  }

  text(doc) {
    return doc.getText('text').toString()
  }
}

function apply(doc, update) {
  const transaction = doc.beginTransaction()
  transaction.applyV1(update)
  transaction.free()
}
