// What is said about one document in one connection, and in which order.
//
//   closed --open()--> greeting --welcome--> joined
//                         |--any other message, or silence--> stock: a server that knows y-websocket alone
//                         |--epoch--> replaced: nothing is taken until hello is said again
//   joined --epoch--> replaced --bring()*, open()--> greeting;  any --close()--> closed
//
// It numbers what must be acknowledged and knows what is outstanding; the document, the outbox and the
// socket belong to the provider.
import type { Bytes, Decoder } from './bytes.js'
import * as messages from './messages.js'
import type { Epoch } from './storage.js'

export type Phase = 'closed' | 'greeting' | 'joined' | 'stock' | 'replaced'

export interface ConversationListener {
  send(message: Bytes): void
  joined(welcome: messages.Welcome): void
  /** The server speaks y-websocket's protocol and no more. */
  isStock(): void
  renewed(welcome: messages.Welcome): void
  acknowledged(number: number): void
  refused(number: number, refusal: messages.Refusal): void
  /** `had`: what our epoch had when it ended, if what is beyond it can be brought. */
  replaced(epoch: Epoch, had: Bytes | undefined): void
  /** Whether the store takes changes. */
  stored(state: 'unsynced' | 'syncing', message: string): void
  event(event: { type: string; [key: string]: unknown }): void
}

const fromBase64 = (text: string): Bytes => Uint8Array.from(atob(text), (char) => char.charCodeAt(0))

/** Who has said nothing by then is no server of ours. */
const silence = 3_000

export class Conversation {
  phase: Phase = 'closed'
  /** The last number given, and the last that is settled: durable or refused. */
  given = 0
  settled = 0
  #refused = new Set<number>()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly listener: ConversationListener) {}

  get isOpen(): boolean {
    return this.phase === 'joined' || this.phase === 'stock'
  }

  /** Numbered messages are on their way. */
  get isWaiting(): boolean {
    return this.settled < this.given
  }

  open(hello: messages.Hello, isStock = false): void {
    this.close()
    if (isStock) return this.#becomeStock()
    this.phase = 'greeting'
    this.listener.send(messages.hello(hello))
    this.#timer = setTimeout(() => this.#becomeStock(), silence)
  }

  close(): void {
    clearTimeout(this.#timer)
    this.phase = 'closed'
    this.given = this.settled = 0
    this.#refused.clear()
  }

  /** Says it under the next number, if this is a server that acknowledges; the number, or 0. */
  say(message: Bytes): number {
    if (!this.isOpen) return 0
    if (this.phase === 'stock') {
      this.listener.send(message)
      return 0
    }
    this.listener.send(messages.numbered(++this.given, message))
    return this.given
  }

  /** Says what was written in an older epoch; its number. */
  bring(epoch: Epoch, update: Bytes): number {
    this.listener.send(messages.numbered(++this.given, messages.translate(epoch, update)))
    return this.given
  }

  /** Takes a message if it is one of ours; else it is for the handlers of y-websocket's messages. */
  received(type: number, decoder: Decoder): boolean {
    if (this.phase === 'greeting' && type !== messages.messageWelcome && type !== messages.messageEpoch) {
      // A refusal to let us in is of both protocols; everything else only stock servers say unasked.
      if (type === messages.messageAuth) this.close()
      else if (type < messages.messageEvent) this.#becomeStock()
    }
    switch (type) {
      case messages.messageWelcome:
        this.#welcome(messages.readObject(decoder))
        return true
      case messages.messageAck:
        this.#acknowledged(decoder.uint())
        return true
      case messages.messageRefused:
        this.#refuse(decoder.uint(), messages.readObject(decoder))
        return true
      case messages.messageEpoch:
        this.#replace(messages.readObject(decoder))
        return true
      case messages.messageState: {
        const { state, message } = messages.readObject<{ state: 'unsynced' | 'syncing'; message?: string }>(decoder)
        this.listener.stored(state, message ?? '')
        return true
      }
      case messages.messageEvent:
        this.listener.event(messages.readObject(decoder))
        return true
      default:
        return false
    }
  }

  #welcome(welcome: messages.Welcome): void {
    if (this.phase === 'joined') return this.listener.renewed(welcome)
    // Where silence had made us take it for a stock server, it still answers by what it knows.
    if (this.phase !== 'greeting' && this.phase !== 'stock') return
    clearTimeout(this.#timer)
    this.phase = 'joined'
    this.listener.joined(welcome)
  }

  #becomeStock(): void {
    clearTimeout(this.#timer)
    this.phase = 'stock'
    this.listener.isStock()
  }

  #acknowledged(number: number): void {
    // A number that was never given would make us forget what nobody has.
    if (number > this.given) throw new RangeError(`message ${number} was acknowledged and never sent`)
    this.settled = Math.max(this.settled, number)
    this.listener.acknowledged(number)
    this.#settleRefused()
  }

  #refuse(number: number, refusal: messages.Refusal): void {
    this.#refused.add(number)
    this.listener.refused(number, refusal)
    this.#settleRefused()
  }

  /** What follows a settled message and was refused is settled, too. */
  #settleRefused(): void {
    while (this.#refused.delete(this.settled + 1)) this.settled++
    for (const number of this.#refused) if (number <= this.settled) this.#refused.delete(number)
  }

  #replace({ epoch, had }: messages.Replaced): void {
    clearTimeout(this.#timer)
    this.phase = 'replaced'
    this.settled = this.given
    this.#refused.clear()
    this.listener.replaced(epoch, had === undefined ? undefined : fromBase64(had))
  }
}
