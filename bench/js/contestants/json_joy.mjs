// One string is the whole document.
import { createRequire } from 'node:module'

// CommonJS in folders without an exports map, which `import` does not look into.
const require = createRequire(import.meta.url)
const { Model } = require('json-joy/lib/json-crdt')
const { Patch, s } = require('json-joy/lib/json-crdt-patch')

// Session ids begin at 2^16.
const kWriter = 0x10001
const kReader = 0x10002

export class JsonJoy {
  // Replicas share their first patch, which makes the string.
  constructor() {
    const model = Model.create(s.str(''), kWriter)
    model.api.flush()
    this.start = model.toBinary()
  }

  // The string's node is written itself: nobody asks for a patch, and the calls that make one take
  // twice the time.
  replayOne(edits) {
    const model = Model.load(this.start, kWriter)
    const { node } = model.api.str([])
    for (const { position, deleted, inserted } of edits) {
      if (deleted) node.delete(node.findInterval(position, deleted))
      if (inserted) node.insAt(position, model.clock.tick(inserted.length), inserted)
    }
    return model
  }

  replayEach(edits, listener) {
    const model = Model.load(this.start, kWriter)
    const text = model.api.str([])
    for (const { position, deleted, inserted } of edits) {
      if (deleted) text.del(position, deleted)
      if (inserted) text.ins(position, inserted)
      listener(model.api.flush().toBinary())
    }
    return model
  }

  applyUpdates(updates) {
    const model = Model.load(this.start, kReader)
    for (const update of updates) model.applyPatch(Patch.fromBinary(update))
    return model
  }

  encode(model) {
    return model.toBinary()
  }

  open(stored) {
    return Model.load(stored, kReader)
  }

  text(model) {
    return model.view()
  }
}
