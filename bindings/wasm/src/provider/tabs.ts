// The other tabs of this browser that have the document open: they hear each other without the server.
// Channels are named, and messages are written, as y-websocket does it. Copies of different epochs do not
// fit each other: each epoch but the first has a channel of its own, and before it is known of which
// epoch the copy here is, nothing is said or heard.
import type { Epoch } from './storage.js'

interface Channel {
  postMessage(message: unknown): void
  close(): void
  onmessage: ((event: any) => void) | null
  unref?(): void
}

export interface TabsListener {
  received(message: Uint8Array): void
  /** Those who are there are to hear of us. */
  greet(): void
}

export class Tabs {
  #channel: Channel | null = null
  #name: string | null = null

  constructor(
    private readonly base: string,
    private readonly listener: TabsListener
  ) {}

  get isOpen(): boolean {
    return this.#channel !== null
  }

  open(): void {
    if (this.#channel !== null || typeof BroadcastChannel === 'undefined') return
    this.#channel = new BroadcastChannel(this.#name ?? this.base) as Channel
    // In Node, nobody stays for the sake of being heard.
    this.#channel.unref?.()
    this.#channel.onmessage = ({ data }) => {
      const isMessage = data instanceof ArrayBuffer || data instanceof Uint8Array
      if (isMessage && this.#name !== null) this.listener.received(new Uint8Array(data as ArrayBuffer))
    }
    if (this.#name !== null) this.listener.greet()
  }

  /** The copy here is of this epoch. */
  belongTo(epoch: Epoch | null): void {
    const name = epoch === null || epoch === 0 ? this.base : `${this.base}#${epoch}`
    if (name === this.#name) return
    this.#name = name
    if (!this.isOpen) return
    this.close()
    this.open()
  }

  send(message: Uint8Array): void {
    this.#channel?.postMessage(message)
  }

  close(): void {
    this.#channel?.close()
    this.#channel = null
  }
}
