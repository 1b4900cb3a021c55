// From one epoch of a document to the next: what was written into a copy of the old one is brought to
// the server, which translates it, before the copy is given up. Brought twice it is there once, so each
// time it is all that the copy has beyond what its epoch had.
import { type Doc, encodeStateAsUpdate, mergeUpdates } from '../index.js'
import { type Bytes, Decoder } from './bytes.js'
import type { Conversation } from './conversation.js'
import type { ProviderError } from './line.js'
import type { OldChanges, Outbox } from './outbox.js'
import type { Epoch } from './storage.js'

/** An epoch that the server is in, and what that of this copy had when it ended. */
interface Target {
  epoch: Epoch
  had: Bytes
  /** Of the message that brings it. */
  number: number
}

export interface MovingListener {
  readonly doc: Doc
  /** All is there: the copy may go. */
  moved(epoch: Epoch): void
  /** It will not be there. */
  stayed(epoch: Epoch, error: ProviderError): void
  /** The document was replaced once more: hello is said anew. */
  greet(): void
}

const hasUnits = (update: Bytes): boolean => new Decoder(update).uint() > 0

export class Moving {
  #target: Target | null = null
  /** What closed tabs have left of older epochs, by the message that brings it. */
  #left = new Map<number, OldChanges>()

  constructor(
    private readonly outbox: Outbox,
    private readonly conversation: Conversation,
    private readonly limit: () => number,
    private readonly listener: MovingListener
  ) {}

  get isMoving(): boolean {
    return this.#target !== null
  }

  begin(epoch: Epoch, had: Bytes): void {
    this.#target = { epoch, had, number: 0 }
    this.#bring(this.#target)
  }

  /** We are in a document: what was left of its older epochs goes there, too. */
  bringLeft(): void {
    for (const old of this.outbox.takeOld()) {
      if (old.update.length > this.limit()) this.outbox.putOldAside(old)
      else this.#left.set(this.conversation.bring(old.epoch, old.update), old)
    }
  }

  /** The connection is gone: the next one begins anew. */
  end(): void {
    this.#target = null
    for (const old of this.#left.values()) this.outbox.keepOld(old)
    this.#left.clear()
  }

  /** The messages up to this one are durable. */
  acknowledged(number: number): void {
    for (const [at, old] of this.#left) {
      if (at > number) continue
      this.#left.delete(at)
      this.outbox.dropOld(old)
    }
    const target = this.#target
    if (target !== null && number >= target.number) this.#bring(target)
  }

  /** Whether it was one of ours. */
  refused(number: number, error: ProviderError): boolean {
    const old = this.#left.get(number)
    if (old !== undefined) {
      this.#left.delete(number)
      if (error.code === 'epoch') this.outbox.keepOld(old)
      else this.outbox.putOldAside(old)
      return true
    }
    const target = this.#target
    // What was on its way when the epoch ended is brought with the rest.
    if (target === null) return error.code === 'epoch'
    if (error.code === 'epoch') this.listener.greet()
    else if (number === target.number) this.#stay(target, error)
    return true
  }

  #bring(target: Target): void {
    const content = this.outbox.content()
    // What waits here builds on what the old epoch never had: whoever wrote that brings it.
    const beyond = encodeStateAsUpdate(this.listener.doc, target.had, { pending: false })
    if (content === null && (target.number > 0 || !hasUnits(beyond))) {
      this.#target = null
      return this.listener.moved(target.epoch)
    }
    const update = content === null ? beyond : mergeUpdates([beyond, content])
    if (update.length > this.limit()) {
      const message = `${update.length} bytes were written into a copy that is of no use any more; the server takes ${this.limit()}`
      return this.#stay(target, { code: 'too-large', message })
    }
    target.number = this.conversation.bring(this.outbox.epoch!, update)
    this.outbox.brought(target.number)
  }

  #stay(target: Target, error: ProviderError): void {
    this.#target = null
    // Who may not write has lost nothing, if it is others' changes that were refused.
    if (this.outbox.size === 0) this.listener.moved(target.epoch)
    else this.listener.stayed(target.epoch, error)
  }
}
