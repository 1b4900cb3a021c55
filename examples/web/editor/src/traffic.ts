// What goes over the socket, in words; docs/formats/sync-protocol.md has the messages themselves.
import * as protocol from 'yjs/provider'
import type { Traffic } from 'yjs/provider'

export interface Row {
  id: number
  time: string
  direction: 'in' | 'out'
  kind: string
  detail: string
  bytes: number
}

export interface TrafficSoFar {
  rows: Row[]
  isPaused: boolean
  sent: number
  received: number
}

const kept = 200

/** Keeps the newest messages; listeners hear of them once a frame. */
export class TrafficLog {
  #state: TrafficSoFar = { rows: [], isPaused: false, sent: 0, received: 0 }
  #waiting: Row[] = []
  #sent = 0
  #received = 0
  #count = 0
  #frame = 0
  #told = new Set<() => void>()

  readonly get = (): TrafficSoFar => this.#state

  readonly subscribe = (told: () => void): (() => void) => {
    this.#told.add(told)
    return () => this.#told.delete(told)
  }

  readonly add = ({ direction, message }: Traffic): void => {
    if (direction === 'out') this.#sent += message.length
    else this.#received += message.length
    if (this.#state.isPaused) return
    const time = new Date().toLocaleTimeString([], { hour12: false })
    this.#waiting.push({ id: ++this.#count, time, direction, ...describe(message), bytes: message.length })
    this.#frame ||= requestAnimationFrame(this.#show)
  }

  /** What came before is shown at once: a list that is paused does not move any more. */
  pause(isPaused: boolean): void {
    cancelAnimationFrame(this.#frame)
    this.#tell({ ...this.#gathered(), isPaused })
  }

  clear(): void {
    this.#sent = this.#received = 0
    this.#waiting = []
    this.#tell({ ...this.#state, rows: [], sent: 0, received: 0 })
  }

  readonly #show = (): void => this.#tell(this.#gathered())

  #gathered(): TrafficSoFar {
    this.#frame = 0
    const rows = [...this.#state.rows, ...this.#waiting].slice(-kept)
    this.#waiting = []
    return { ...this.#state, rows, sent: this.#sent, received: this.#received }
  }

  #tell(state: TrafficSoFar): void {
    this.#state = state
    for (const told of this.#told) told()
  }
}

const steps = ['question', 'answer', 'change']

function describe(message: Uint8Array): { kind: string; detail: string } {
  const from = new protocol.Decoder(message)
  const type = from.uint()
  switch (type) {
    case protocol.messageSync:
      return { kind: steps[from.uint()] ?? 'sync', detail: '' }
    case protocol.messageNumbered: {
      const number = from.uint()
      from.uint()
      return { kind: steps[from.uint()] ?? 'sync', detail: `no. ${number}` }
    }
    case protocol.messageAck:
      return { kind: 'saved', detail: `up to no. ${from.uint()}` }
    case protocol.messageRefused:
      return { kind: 'refused', detail: `no. ${from.uint()}` }
    case protocol.messageAwareness:
      return { kind: 'presence', detail: people(new protocol.Decoder(from.sized()).uint()) }
    case protocol.messageQueryAwareness:
      return { kind: 'who is there?', detail: '' }
    case protocol.messageState:
      return { kind: 'store', detail: '' }
    default:
      return { kind: others[type] ?? `type ${type}`, detail: '' }
  }
}

const people = (count: number): string => (count === 1 ? '1 person' : `${count} people`)

const others: Record<number, string> = {
  [protocol.messageAuth]: 'denied',
  [protocol.messageEvent]: 'event',
  [protocol.messageHello]: 'hello',
  [protocol.messageWelcome]: 'welcome',
  [protocol.messageEpoch]: 'replaced',
  [protocol.messageRenew]: 'renewal'
}
