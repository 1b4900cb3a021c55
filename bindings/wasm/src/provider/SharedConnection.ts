// One WebSocket for several documents: each message names the document it is about.
import { type Bytes, Decoder } from './bytes.js'
import { type GetToken, Line, type LineListener, type LineOptions } from './line.js'
import * as messages from './messages.js'
import { textFrames } from './text-stream.js'
import type { Wire } from './wire.js'

export interface SharedConnectionOptions {
  getToken?: GetToken
  protocols?: string[]
  WebSocketPolyfill?: typeof WebSocket
  maxBackoffTime?: number
  textFrames?: boolean
}

/** A document's place in a shared connection. */
interface Seat {
  listener: LineListener
  prepare: () => Promise<void>
  /** Whether its provider is to be connected. */
  isWanted: boolean
  isOpen: boolean
}

/**
 * To be passed to providers as `connection`. It is connected as long as one of them is to be; the
 * server must be one that speaks of several documents.
 */
export class SharedConnection {
  readonly #seats = new Map<string, Seat>()
  readonly #line: Line
  #isWelcome = false

  constructor(
    readonly url: string,
    options: SharedConnectionOptions = {}
  ) {
    const { getToken, protocols = [], WebSocketPolyfill = globalThis.WebSocket, maxBackoffTime = 2500 } = options
    const line: LineOptions = {
      url: () => this.url,
      protocols: () => protocols,
      WebSocket: WebSocketPolyfill,
      maxBackoffTime,
      getToken,
      prepare: async () => {
        await Promise.all(this.#wanted().map(({ prepare }) => prepare()))
      },
      ...(options.textFrames ? { framing: textFrames() } : { fallback: textFrames() })
    }
    this.#line = new Line(line, this.#listener)
  }

  destroy(): void {
    this.#line.destroy()
  }

  /** A provider takes its place. */
  _join(name: string, listener: LineListener, prepare: () => Promise<void>): Wire {
    if (this.#seats.has(name)) throw new TypeError(`the document ${JSON.stringify(name)} is in this connection already`)
    const seat: Seat = { listener, prepare, isWanted: false, isOpen: false }
    this.#seats.set(name, seat)
    const line = this.#line
    const leave = (): void => {
      if (!seat.isWanted) return
      seat.isWanted = false
      if (seat.isOpen) this.#shut(seat)
      if (this.#wanted().length === 0) line.disconnect()
    }
    return {
      get ws() {
        return line.ws
      },
      get state() {
        if (!seat.isWanted) return 'off'
        return line.state === 'open' && !seat.isOpen ? 'connecting' : line.state
      },
      get isOpen() {
        return seat.isOpen
      },
      get heard() {
        return line.heard
      },
      backoff: line.backoff,
      connect: () => {
        if (seat.isWanted) return
        seat.isWanted = true
        if (this.#isWelcome) void prepare().then(() => this.#open(seat))
        else line.connect()
      },
      disconnect: leave,
      destroy: () => {
        leave()
        this.#seats.delete(name)
      },
      send: (message: Bytes) => seat.isOpen && line.send(messages.inDocument(name, message)),
      succeeded: () => line.succeeded(),
      welcomed: () => {},
      restart: () => line.restart()
    }
  }

  #wanted(): Seat[] {
    return [...this.#seats.values()].filter(({ isWanted }) => isWanted)
  }

  #each(tell: (listener: LineListener) => void): void {
    for (const { listener } of this.#wanted()) tell(listener)
  }

  #open(seat: Seat): void {
    if (!seat.isWanted || seat.isOpen || !this.#isWelcome) return
    seat.isOpen = true
    // Who we are was said once, for all documents.
    seat.listener.opened(undefined)
  }

  #shut(seat: Seat, event: CloseEvent | null = null): void {
    const wasOpen = seat.isOpen
    seat.isOpen = false
    seat.listener.closed(event, wasOpen)
  }

  readonly #listener: LineListener = {
    connecting: () => this.#each((listener) => listener.connecting()),
    opened: (token) => {
      this.#line.send(messages.hello(token === undefined ? { v: 1 } : { v: 1, token }))
    },
    received: (message) => this.#received(message),
    closed: (event) => {
      this.#isWelcome = false
      for (const seat of this.#wanted()) this.#shut(seat, event)
    },
    stopped: (event) => {
      this.#each((listener) => listener.stopped(event))
      for (const seat of this.#seats.values()) seat.isWanted = false
    },
    failed: (event) => this.#each((listener) => listener.failed(event)),
    troubled: (error) => this.#each((listener) => listener.troubled(error)),
    tooLarge: (reason) => this.#wanted().map(({ listener }) => listener.tooLarge(reason)).every(Boolean),
    // A document that was replaced is told of by name; the connection as a whole stays.
    replaced: () => true,
    quiet: () => this.#each((listener) => listener.quiet())
  }

  #received(message: Uint8Array): void {
    const decoder = new Decoder(message)
    try {
      const type = decoder.uint()
      if (type === messages.messageDocument) {
        const seat = this.#seats.get(decoder.string())
        if (seat?.isOpen) seat.listener.received(message.subarray(decoder.pos))
      } else if (type === messages.messageWelcome) {
        const { expires } = messages.readObject<messages.Welcome>(decoder)
        this.#line.welcomed(expires)
        this.#isWelcome = true
        for (const seat of this.#wanted()) this.#open(seat)
      }
    } catch (error) {
      const what = { code: 'message', message: `a message could not be taken: ${String(error)}` }
      this.#each((listener) => listener.troubled(what))
    }
  }
}
