// Documents are values: a change gives a new one. There is no subscription, the last change is
// asked for.
import * as Automerge3 from '@automerge/automerge'

const kPath = ['text']

// In no closure: V8 would compile the loop for each document.
function edit(document, edits) {
  for (const { position, deleted, inserted } of edits) {
    Automerge3.splice(document, kPath, position, deleted, inserted)
  }
}

export class Automerge {
  // Replicas share their first change, which makes the text.
  constructor() {
    this.start = Automerge3.save(Automerge3.from({ text: '' }))
  }

  replayOne(edits) {
    return Automerge3.change(Automerge3.load(this.start), document => edit(document, edits))
  }

  replayEach(edits, listener) {
    let document = Automerge3.load(this.start)
    for (const { position, deleted, inserted } of edits) {
      document = Automerge3.change(document, open =>
        Automerge3.splice(open, kPath, position, deleted, inserted),
      )
      listener(Automerge3.getLastLocalChange(document))
    }
    return document
  }

  applyUpdates(updates) {
    let document = Automerge3.load(this.start)
    for (const update of updates) document = Automerge3.applyChanges(document, [update])[0]
    return document
  }

  encode(document) {
    return Automerge3.save(document)
  }

  open(stored) {
    return Automerge3.load(stored)
  }

  text(document) {
    return document.text
  }
}
