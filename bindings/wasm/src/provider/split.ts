// One update as several smaller ones. Each is a whole update; a replica that has them all, in any order,
// has what the one would have given it. What depends on a later one waits there until that comes.
import { ContentString, decodeUpdate, GC, Item, Skip, UpdateEncoderV1 } from '../index.js'
import { type Bytes, Encoder } from './bytes.js'

interface Run {
  client: number
  clock: number
  bodies: Uint8Array[]
}

/** A number and two more around it, at most. */
const headRoom = 32

export interface Split {
  /** Of at most `limit` bytes each. */
  parts: Bytes[]
  /** False: something that cannot be cut is larger, and was left out. */
  isWhole: boolean
}

export function splitUpdate(update: Bytes, limit: number): Split {
  if (update.length <= limit) return { parts: [update], isWhole: true }
  const { structs, ds } = decodeUpdate(update)
  const parts = new Parts(limit)
  let isWhole = true
  for (const struct of structs) {
    if (struct instanceof Skip) continue
    isWhole = addStruct(parts, struct as Item | GC, limit - 2 * headRoom) && isWhole
  }
  parts.finish()
  for (const [client, ranges] of ds.clients) {
    // What a range takes at most.
    const most = Math.max(1, Math.floor((limit - 2 * headRoom) / 16))
    for (let at = 0; at < ranges.length; at += most) parts.deletions(client, ranges.slice(at, at + most))
  }
  parts.finish()
  return { parts: parts.done, isWhole }
}

/** Updates that are filled one after another. */
class Parts {
  readonly done: Bytes[] = []
  #runs: Run[] = []
  #next: { client: number; clock: number } | null = null
  #deletions = new Map<number, { clock: number; len: number }[]>()
  #size = 0

  constructor(private readonly limit: number) {}

  add(client: number, clock: number, length: number, body: Uint8Array): void {
    if (this.#size > 0 && this.#size + body.length + headRoom > this.limit - headRoom) this.finish()
    let run = this.#runs.at(-1)
    // An update holds each client once.
    if (run === undefined || this.#next?.client !== client || this.#next.clock !== clock) {
      if (this.#runs.some((other) => other.client === client)) this.finish()
      this.#runs.push((run = { client, clock, bodies: [] }))
      this.#size += headRoom
    }
    run.bodies.push(body)
    this.#size += body.length
    this.#next = { client, clock: clock + length }
  }

  deletions(client: number, ranges: { clock: number; len: number }[]): void {
    const size = headRoom + ranges.length * 16
    if (this.#size > 0 && this.#size + size > this.limit - headRoom) this.finish()
    this.#deletions.set(client, ranges)
    this.#size += size
  }

  finish(): void {
    if (this.#runs.length === 0 && this.#deletions.size === 0) return
    const to = new Encoder().uint(this.#runs.length)
    for (const { client, clock, bodies } of this.#runs) {
      to.uint(bodies.length).uint(client).uint(clock)
      for (const body of bodies) to.raw(body)
    }
    to.uint(this.#deletions.size)
    for (const [client, ranges] of this.#deletions) {
      to.uint(client).uint(ranges.length)
      for (const { clock, len } of ranges) to.uint(clock).uint(len)
    }
    this.done.push(to.toBytes())
    this.#runs = []
    this.#deletions = new Map()
    this.#next = null
    this.#size = 0
  }
}

const written = (struct: Item | GC, offset: number): Bytes => {
  const encoder = new UpdateEncoderV1()
  struct.write(encoder, offset)
  return encoder.toUint8Array()
}

/** Whether it found room, cut where it is too long and can be. */
function addStruct(parts: Parts, struct: Item | GC, room: number): boolean {
  const { client, clock } = struct.id
  const { length } = struct
  const whole = written(struct, 0)
  if (whole.length <= room) {
    parts.add(client, clock, length, whole)
    return true
  }
  if (!(struct instanceof Item) || length < 2) return false
  for (let from = 0; from < length; ) {
    // As many units as fit; a unit is 3 bytes at most in text, and whatever it is in lists.
    let units = unbroken(struct, from, Math.min(length - from, Math.max(1, Math.floor(room / 4))))
    let body = piece(struct, from, units)
    while (body.length > room && units > 2) {
      units = unbroken(struct, from, Math.ceil(units / 2))
      body = piece(struct, from, units)
    }
    if (body.length > room) return false
    parts.add(client, clock + from, units, body)
    from += units
  }
  return true
}

/** `units`, or one more where the cut would go through a character of two. */
function unbroken({ content, length }: Item, from: number, units: number): number {
  if (!(content instanceof ContentString) || from + units >= length) return units
  const last = content.str.charCodeAt(from + units - 1)
  return last >= 0xd800 && last < 0xdc00 ? units + 1 : units
}

/** `units` of an item from `from` on, as it would have been written had they been inserted by themselves. */
function piece(item: Item, from: number, units: number): Bytes {
  const content = item.content.copy()
  if (from + units < item.length) content.splice(from + units)
  const { id, origin, rightOrigin, parent, parentSub } = item
  return written(new Item(id, null, origin, null, rightOrigin, parent, parentSub, content), from)
}
