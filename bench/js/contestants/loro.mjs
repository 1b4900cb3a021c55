// Stores updates, which are decoded in full as everybody else's are, or a snapshot, which is not.
import { LoroDoc } from 'loro-crdt'

export class Loro {
  constructor(mode) {
    this.mode = mode
  }

  document(peer) {
    const doc = new LoroDoc()
    doc.setPeerId(peer)
    return doc
  }

  replayOne(edits) {
    const doc = this.document(1)
    const text = doc.getText('text')
    for (const { position, deleted, inserted } of edits) {
      if (deleted) text.delete(position, deleted)
      if (inserted) text.insert(position, inserted)
    }
    doc.commit()
    return doc
  }

  replayEach(edits, listener) {
    const doc = this.document(1)
    doc.subscribeLocalUpdates(listener)
    const text = doc.getText('text')
    for (const { position, deleted, inserted } of edits) {
      if (deleted) text.delete(position, deleted)
      if (inserted) text.insert(position, inserted)
      doc.commit()
    }
    return doc
  }

  applyUpdates(updates) {
    const doc = this.document(2)
    for (const update of updates) doc.import(update)
    return doc
  }

  encode(doc) {
    return doc.export({ mode: this.mode })
  }

  open(stored) {
    const doc = this.document(2)
    doc.import(stored)
    return doc
  }

  text(doc) {
    return doc.getText('text').toString()
  }
}
