// How changes get from the outbox to the server: all that it lacks once it has asked, then each as it is
// made, in messages that are small enough.
import type { Bytes } from './bytes.js'
import type { Conversation } from './conversation.js'
import type { ProviderError } from './line.js'
import * as messages from './messages.js'
import type { Outbox } from './outbox.js'
import { type Split, splitUpdate } from './split.js'

/** What stands around an update in its message, at most. */
const envelope = 64
/** The smallest limit that is of any use. */
const least = 1024
/** An update without anything in it. */
const nothing = new Uint8Array([0, 0])

export class Delivery {
  /** Something is here that the server will not have, as far as this connection is concerned. */
  isRefused = false
  /** The server's question was answered: what is made from now on goes out by itself. */
  #isOffered = false
  #limit = Infinity
  #largest = 0

  constructor(
    private readonly outbox: Outbox,
    private readonly conversation: Conversation,
    private readonly troubled: (error: ProviderError) => void
  ) {}

  /** A server has taken us; `limit`: the longest message it takes, if it has told. */
  begin(limit: number | undefined): void {
    this.isRefused = false
    if (limit !== undefined) this.#limit = Math.min(this.#limit, limit)
  }

  /** Whatever was on the way may be lost. */
  end(): void {
    this.#isOffered = false
    this.outbox.disconnected()
  }

  /** The longest update that goes into one message. */
  get room(): number {
    return this.#limit - envelope
  }

  refused(number: number): void {
    this.isRefused = true
    this.outbox.refused(number)
  }

  /** For halve(): a message of so many bytes went out. */
  sent(length: number): void {
    this.#largest = Math.max(this.#largest, length)
  }

  /**
   * A message was beyond the limit, though not beyond the one that was told, if any: half of the longest
   * from now on. False: there is no smaller that is of any use.
   */
  halve(): boolean {
    this.#limit = Math.floor(Math.min(this.#limit, this.#largest) / 2)
    return this.#limit >= least
  }

  /** Answers the server's question: everything it lacks, and with it all that waits in the outbox. */
  offer(update: Bytes): void {
    const { conversation, outbox } = this
    if (!conversation.isOpen) return
    this.#isOffered = true
    const { parts, isWhole } = this.#split(update)
    if (!isWhole) this.#isTooLarge(update)
    // Also where nothing is left: the server waits for an answer.
    const [from, to] = this.#say(messages.syncAnswer, parts.length > 0 ? parts : [nothing])
    if (conversation.phase === 'stock') outbox.handedOver()
    else outbox.offered(from, to, (change) => isWhole || this.#split(change).isWhole)
  }

  /** Answers without offering anything. */
  answered(): void {
    this.#isOffered = true
  }

  /** What was made since the server has asked; before that, it all goes with the answer. */
  sendChanges(): void {
    const { phase } = this.conversation
    if (phase !== 'stock' && !(phase === 'joined' && this.#isOffered)) return
    this.outbox.sendRest((update) => {
      const { parts, isWhole } = this.#split(update)
      if (isWhole) return this.#say(messages.syncUpdate, parts)
      this.#isTooLarge(update)
      return null
    })
    // A stock server tells nothing of what is durable.
    if (phase === 'stock') this.outbox.handedOver()
  }

  #split(update: Bytes): Split {
    return splitUpdate(update, this.#limit - envelope)
  }

  #isTooLarge(update: Bytes): void {
    this.isRefused = true
    const message = `a change of ${update.length} bytes is beyond the server's limit of ${this.#limit}`
    this.troubled({ code: 'too-large', message })
  }

  /** Says updates; the first and the last number. */
  #say(step: number, parts: Bytes[]): [number, number] {
    const numbers = parts.map((part, i) =>
      // The last one is the answer: with it the server has all.
      this.conversation.say(messages.sync(i === parts.length - 1 ? step : messages.syncUpdate, part))
    )
    return [numbers[0], numbers.at(-1)!]
  }
}
