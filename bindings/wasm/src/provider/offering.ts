// What the server is given when it says what it has stored: all that is here beyond it, but for what waits
// here. That was written by others, upon what is lacking: they bring both, and one without the other would
// be a hole in what is stored. If it comes here first, it is offered as soon as it does.
import { type Doc, encodeStateAsUpdate, mergeUpdates } from '../index.js'
import type { Bytes } from './bytes.js'
import type { Outbox } from './outbox.js'

interface Given {
  /** What the server had. */
  vector: Uint8Array
  update: Bytes
}

export class Offering {
  /** The last answer, as long as something may have been held back from it. */
  #given: Given | null = null

  constructor(
    private readonly outbox: Outbox,
    private readonly doc: () => Doc
  ) {}

  /** What is here beyond this state vector. */
  answer(vector: Uint8Array): Bytes {
    const doc = this.doc()
    this.#given = null
    if (!waits(doc)) return encodeStateAsUpdate(doc, vector)
    const shown = encodeStateAsUpdate(doc, vector, { pending: false })
    // Our own is offered whatever it waits for: nobody else has it.
    const own = this.outbox.content()
    const update = own === null ? shown : mergeUpdates([shown, own])
    this.#given = { vector, update }
    return update
  }

  /** The answer with what was held back, as soon as nothing waits. */
  late(): Bytes | null {
    const given = this.#given
    if (given === null || waits(this.doc())) return null
    const update = this.answer(given.vector)
    return addsNothing(given.update, update) ? null : update
  }

  /** The connection is gone, or the document. */
  end(): void {
    this.#given = null
  }
}

/** Not asked of a stored copy, which would be opened for it: that offers all it has. */
const waits = (doc: Doc): boolean => doc._packed === null && doc.store.pendingStructs !== null

const addsNothing = (known: Bytes, update: Bytes): boolean => {
  const alone = mergeUpdates([known])
  const both = mergeUpdates([known, update])
  return alone.length === both.length && alone.every((byte, i) => byte === both[i])
}
