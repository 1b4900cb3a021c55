// The other tabs of this browser that have the document open: they hear each other without the server.
// Channels are named, and messages are written, as y-websocket does it.

interface Channel {
  postMessage(message: unknown): void
  close(): void
  onmessage: ((event: any) => void) | null
  unref?(): void
}

export class Tabs {
  #channel: Channel | null = null

  constructor(
    private readonly name: string,
    private readonly receive: (message: Uint8Array) => void
  ) {}

  get isOpen(): boolean {
    return this.#channel !== null
  }

  open(): void {
    if (this.#channel !== null || typeof BroadcastChannel === 'undefined') return
    this.#channel = new BroadcastChannel(this.name) as Channel
    // In Node, nobody stays for the sake of being heard.
    this.#channel.unref?.()
    this.#channel.onmessage = ({ data }) => {
      if (data instanceof ArrayBuffer || data instanceof Uint8Array) this.receive(new Uint8Array(data as ArrayBuffer))
    }
  }

  send(message: Uint8Array): void {
    this.#channel?.postMessage(message)
  }

  close(): void {
    this.#channel?.close()
    this.#channel = null
  }
}
