// A client's end of text frames: what was sent and not acknowledged, and what was received of a message
// that is not complete. What is left of a long message when a connection is cut is resumed in the next;
// our own messages are not, for what they carried is offered anew.
import type { Bytes } from './bytes.js'
import type { Frame, Framing } from './framing.js'
import {
  crc32,
  decodeFrame,
  FrameError,
  frameHeader,
  frameOf,
  type Head,
  type Item,
  maxFrame,
  mostData,
  sameHead,
  writeItem
} from './text-frames.js'

/** Bytes on the way without acknowledgement, and what a message costs beside its own. */
const window = 96_000
const overhead = 16
const acknowledgeAfter = window / 2
const maxMessage = 16 * 1024 * 1024
/** What is said within it goes in one frame: each is a message that somebody is billed for. */
const pause = 40
/** So long without an acknowledgement, and all is sent again. */
const patience = 5_000

interface Kept {
  head: Head
  data: Uint8Array
  size: number
}

interface Outgoing {
  number: number
  content: Bytes
  head: Head | null
}

interface Place {
  number: number
  offset: number
}

const isBefore = (a: Place, b: Place): boolean =>
  a.number < b.number || (a.number === b.number && a.offset < b.offset)

/** Framings of one connection after the other. */
export function textFrames(): () => Framing {
  let last: TextStream | null = null
  return () => {
    last = new TextStream(crypto.getRandomValues(new Uint32Array(1))[0], last?.kept() ?? null)
    return last
  }
}

export class TextStream implements Framing {
  readonly pause = pause
  #flushed = -Infinity
  #queue: Outgoing[] = []
  #next = 1
  #sent: Place = { number: 1, offset: 0 }
  #acknowledged: Place = { number: 1, offset: 0 }
  #furthest: Place = { number: 1, offset: 0 }
  #begun = 0
  #heard = Date.now()
  #arrived = Date.now()
  #answers: Item[] = []
  #expected = 1
  #current: Kept | null = null
  #kept: Kept | null
  #unacknowledged = 0
  #tell = false
  #asked: Place | null = null

  constructor(
    readonly stream: number,
    kept: Kept | null = null
  ) {
    this.#kept = kept
    if (kept !== null) this.#answers.push({ type: 'resume', head: kept.head, offset: kept.size })
  }

  /** For the next connection: what is here of a long message that is not complete. */
  kept(): Kept | null {
    return this.#current !== null && this.#current.size > 0 ? this.#current : this.#kept
  }

  encode(message: Bytes): Frame[] {
    const isLong = message.length > mostData
    const head = isLong ? { source: new Uint8Array(), length: message.length, checksum: crc32(message) } : null
    this.#queue.push({ number: this.#next++, content: message, head })
    return Date.now() - this.#flushed < pause ? [] : this.frames()
  }

  decode(data: unknown, answer: (frame: Frame) => void): Uint8Array[] {
    if (typeof data !== 'string') return []
    let messages: Uint8Array[]
    try {
      messages = this.receive(data)
    } catch (error) {
      if (error instanceof FrameError && error.code === 'damaged') return []
      throw error
    }
    for (const frame of this.frames()) answer(frame)
    return messages
  }

  tick(answer: (frame: Frame) => void): void {
    const isDue = this.#queue.length > 0 && Date.now() - this.#heard >= patience
    if (isDue) {
      this.#heard = Date.now()
      this.repeat()
    }
    // Who sends a long message may not know that the last parts of it got lost.
    const isStuck = this.#current !== null && Date.now() - this.#arrived >= patience
    if (isStuck) {
      this.#arrived = Date.now()
      this.#answers.push(this.#received(true))
    }
    this.#tell ||= this.#unacknowledged > 0
    for (const frame of this.frames()) answer(frame)
  }

  // -- sending ------------------------------------------------------------------------------------

  /** What may go out now. */
  frames(): string[] {
    this.#flushed = Date.now()
    const items = this.#answers
    this.#answers = []
    const toSend = this.#itemsToSend()
    const isDue = items.length + toSend.length > 0 || this.#unacknowledged >= acknowledgeAfter
    if (this.#tell || (isDue && this.#unacknowledged > 0)) {
      items.push(this.#received(false))
      this.#unacknowledged = 0
      this.#tell = false
    }
    return this.#packed([...items, ...toSend])
  }

  #packed(items: Item[]): string[] {
    const frames: Bytes[][] = []
    let room = 0
    for (const item of items) {
      const written = writeItem(item)
      if (frames.length === 0 || written.length > room) {
        frames.push([])
        room = maxFrame - frameHeader
      }
      frames.at(-1)!.push(written)
      room -= written.length
    }
    return frames.map((frame) => frameOf(this.stream, frame))
  }

  #itemsToSend(): Item[] {
    const items: Item[] = []
    for (const { number, content, head } of this.#queue) {
      if (number < this.#sent.number) continue
      const room = window - this.#inFlight()
      if (room <= 0) break
      if (head === null) {
        items.push({ type: 'message', number, content })
        this.#sent = { number: number + 1, offset: 0 }
        continue
      }
      let { offset } = this.#sent
      const end = Math.min(content.length, offset + room)
      if (this.#begun !== number) items.push({ type: 'begin', number, head, start: offset })
      this.#begun = number
      for (; offset < end; offset += mostData) {
        items.push({ type: 'part', number, offset, data: content.subarray(offset, Math.min(end, offset + mostData)) })
      }
      this.#sent = end < content.length ? { number, offset: end } : { number: number + 1, offset: 0 }
      if (end < content.length) break
    }
    if (isBefore(this.#furthest, this.#sent)) this.#furthest = this.#sent
    return items
  }

  /** What was sent and is not acknowledged. */
  #inFlight(): number {
    let bytes = 0
    for (const { number, content } of this.#queue) {
      if (number > this.#sent.number) break
      const begin = number === this.#acknowledged.number ? this.#acknowledged.offset : 0
      const isWhole = number < this.#sent.number
      bytes += Math.max(0, (isWhole ? content.length + overhead : this.#sent.offset) - begin)
    }
    return bytes
  }

  /** Goes back to what was acknowledged last, and asks again for what was asked for. */
  repeat(): void {
    this.#asked = null
    this.#tell = true
    this.#goBack()
  }

  #goBack(): void {
    this.#sent = this.#acknowledged
    this.#begun = 0
  }

  // -- receiving ----------------------------------------------------------------------------------

  /** The messages that are complete with this frame. */
  receive(text: string): Uint8Array[] {
    const { stream, items } = decodeFrame(text)
    const messages: Uint8Array[] = []
    if (stream === this.stream) for (const item of items) this.#take(item, messages)
    return messages
  }

  #take(item: Item, messages: Uint8Array[]): void {
    switch (item.type) {
      case 'message':
        if (this.#isNext(item.number, 0)) this.#complete(item.content, item.content.length + overhead, messages)
        break
      case 'begin':
        this.#begin(item)
        break
      case 'part':
        this.#takePart(item, messages)
        break
      case 'received':
        this.#takeReceived(item)
        break
      case 'resume':
        // Of an earlier connection: what it carried comes anew.
        if (!this.#queue.some(({ head }) => head !== null && sameHead(head, item.head))) {
          this.#answers.push({ type: 'gone', head: item.head })
        }
        break
      case 'offer': {
        const kept = this.#kept
        const offset = kept !== null && sameHead(kept.head, item.head) ? kept.size : 0
        this.#answers.push({ type: 'resume', head: item.head, offset })
        break
      }
      case 'gone':
        if (this.#kept !== null && sameHead(this.#kept.head, item.head)) this.#kept = null
    }
  }

  /** Whether this is what was to come; asks for that if it is not. */
  #isNext(number: number, offset: number): boolean {
    const here = { number: this.#expected, offset: this.#current?.size ?? 0 }
    const place = { number, offset }
    if (isBefore(place, here)) {
      // Sent again: the other side does not know that it is here.
      this.#tell = true
      return false
    }
    if (!isBefore(here, place)) return true
    if (this.#asked === null || isBefore(this.#asked, here)) {
      this.#asked = here
      this.#answers.push(this.#received(true))
    }
    return false
  }

  #received(again: boolean): Item {
    const offset = this.#current?.size ?? 0
    return { type: 'received', number: this.#expected, offset, head: offset > 0 ? this.#current!.head : null, again }
  }

  #begin({ number, head, start }: Item & { type: 'begin' }): void {
    if (number !== this.#expected) return void this.#isNext(number, 0)
    if (head.length > maxMessage) {
      throw new FrameError('too_big', `a message of ${head.length} bytes; at most ${maxMessage} are allowed`)
    }
    if (this.#current !== null && sameHead(this.#current.head, head)) return
    if (this.#current !== null && this.#current.size > 0) {
      throw new FrameError('protocol', `message ${number} begins as another one`)
    }
    const isKept = this.#kept !== null && sameHead(this.#kept.head, head)
    const kept = isKept ? this.#kept! : { head, data: new Uint8Array(), size: 0 }
    if (start > kept.size || start >= head.length) {
      throw new FrameError('protocol', `message ${number} begins at byte ${start}; ${kept.size} are kept`)
    }
    if (isKept) this.#kept = null
    this.#current = { ...kept, size: start }
  }

  #takePart({ number, offset, data }: Item & { type: 'part' }, messages: Uint8Array[]): void {
    if (!this.#isNext(number, offset)) return
    const current = this.#current
    if (current === null) {
      // Its beginning got lost.
      if (this.#asked === null) this.#answers.push(this.#received(true))
      this.#asked = { number, offset: 0 }
      return
    }
    const size = current.size + data.length
    if (data.length === 0 || size > current.head.length) {
      throw new FrameError('protocol', `a part of message ${number} reaches beyond it`)
    }
    // Twice as much each time, not all that a head claims.
    if (size > current.data.length) {
      const larger = new Uint8Array(Math.min(current.head.length, Math.max(size, 2 * current.data.length)))
      larger.set(current.data.subarray(0, current.size))
      current.data = larger
    }
    current.data.set(data, current.size)
    this.#arrived = Date.now()
    current.size = size
    if (size < current.head.length) {
      this.#unacknowledged += data.length
      this.#asked = null
      return
    }
    const content = current.data.subarray(0, size)
    if (crc32(content) !== current.head.checksum) {
      throw new FrameError('protocol', `message ${number} is not what its head has named`)
    }
    this.#complete(content, data.length, messages)
  }

  #complete(content: Uint8Array, cost: number, messages: Uint8Array[]): void {
    messages.push(content)
    this.#expected++
    this.#current = null
    this.#asked = null
    this.#unacknowledged += cost
  }

  #takeReceived(place: Item & { type: 'received' }): void {
    if (isBefore(place, this.#acknowledged)) return
    if (isBefore(this.#furthest, place)) {
      throw new FrameError('protocol', `message ${place.number} is acknowledged and was not sent`)
    }
    this.#heard = Date.now()
    this.#queue = this.#queue.filter(({ number }) => number >= place.number)
    this.#acknowledged = { number: place.number, offset: place.offset }
    if (place.again || isBefore(this.#sent, place)) this.#goBack()
  }
}
