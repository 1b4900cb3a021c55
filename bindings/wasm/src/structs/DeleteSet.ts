// Sets of ids as ranges by client.
import type { Transaction } from '../doc/Transaction.js'
import type { ByteReader } from '../engine/any.js'
import type { DSDecoder } from '../update/decoders.js'
import type { DSEncoder } from '../update/encoders.js'
import { readUint } from '../update/input.js'
import type { GC } from './AbstractStruct.js'
import type { ID } from './ID.js'
import type { Item } from './Item.js'
import { structsIn } from './views.js'

export class DeleteItem {
  constructor(
    public clock: number,
    public len: number
  ) {}
}

export class DeleteSet {
  clients = new Map<number, DeleteItem[]>()
}

export const createDeleteSet = (): DeleteSet => new DeleteSet()

export const addToDeleteSet = (set: DeleteSet, client: number, clock: number, length: number): void => {
  const range = new DeleteItem(clock, length)
  const ranges = set.clients.get(client)
  if (ranges === undefined) set.clients.set(client, [range])
  else ranges.push(range)
}

/** Clients, starts and lengths, as the engine tells them. */
export const takeDeleteSet = (from: ByteReader): DeleteSet => {
  const set = new DeleteSet()
  while (from.more) addToDeleteSet(set, from.uint(), from.uint(), from.uint())
  return set
}

/** The place of the range that holds this clock. requires: sorted */
export const findIndexDS = (ranges: DeleteItem[], clock: number): number | null => {
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const range = ranges[middle]
    if (clock < range.clock) high = middle - 1
    else if (clock >= range.clock + range.len) low = middle + 1
    else return middle
  }
  return null
}

/** Whether the set holds this id. */
export const isDeleted = (set: DeleteSet, id: ID): boolean => {
  const ranges = set.clients.get(id.client)
  return ranges !== undefined && findIndexDS(ranges, id.clock) !== null
}

/** Ranges that touch or overlap become one. */
export const sortAndMergeDeleteSet = (set: DeleteSet): void => {
  for (const ranges of set.clients.values()) {
    ranges.sort((a, b) => a.clock - b.clock)
    let last = 0
    for (let i = 1; i < ranges.length; i++) {
      const { clock, len } = ranges[i]
      const before = ranges[last]
      if (before.clock + before.len < clock) {
        ranges[++last] = ranges[i]
      } else {
        ranges[last] = new DeleteItem(before.clock, Math.max(before.len, clock + len - before.clock))
      }
    }
    ranges.length = last + 1
  }
}

export const mergeDeleteSets = (sets: DeleteSet[]): DeleteSet => {
  const merged = new DeleteSet()
  for (const { clients } of sets) {
    for (const [client, ranges] of clients) {
      merged.clients.set(client, (merged.clients.get(client) ?? []).concat(ranges))
    }
  }
  sortAndMergeDeleteSet(merged)
  return merged
}

export const equalDeleteSets = (a: DeleteSet, b: DeleteSet): boolean => {
  if (a.clients.size !== b.clients.size) return false
  for (const [client, ranges] of a.clients) {
    const others = b.clients.get(client)
    if (others === undefined || others.length !== ranges.length) return false
    if (ranges.some(({ clock, len }, i) => clock !== others[i].clock || len !== others[i].len)) return false
  }
  return true
}

/** Calls `f` with each struct of the document that the set holds, or with the part that it holds. */
export const iterateDeletedStructs = (transaction: Transaction, set: DeleteSet, f: (struct: GC | Item) => void): void => {
  for (const [client, ranges] of set.clients) {
    for (const { clock, len } of [...ranges]) {
      structsIn(transaction.doc, client, clock, clock + len).forEach(f)
    }
  }
}

// -- as bytes -------------------------------------------------------------------------------------

const descending = <T>(map: Map<number, T>): [number, T][] => [...map].sort(([a], [b]) => b - a)

export const writeDeleteSet = (encoder: DSEncoder, set: DeleteSet): void => {
  const { restEncoder } = encoder
  restEncoder.uint(set.clients.size)
  for (const [client, ranges] of descending(set.clients)) {
    encoder.resetDsCurVal()
    restEncoder.uint(client).uint(ranges.length)
    for (const { clock, len } of ranges) {
      encoder.writeDsClock(clock)
      encoder.writeDsLen(len)
    }
  }
}
export const readDeleteSet = (decoder: DSDecoder): DeleteSet => {
  const set = new DeleteSet()
  for (let left = readUint(decoder.restDecoder); left > 0; left--) {
    decoder.resetDsCurVal()
    const client = readUint(decoder.restDecoder)
    for (let more = readUint(decoder.restDecoder); more > 0; more--) {
      addToDeleteSet(set, client, decoder.readDsClock(), decoder.readDsLen())
    }
  }
  return set
}

export const writeStateVector = (encoder: DSEncoder, state: Map<number, number>): void => {
  encoder.restEncoder.uint(state.size)
  for (const [client, clock] of descending(state)) encoder.restEncoder.uint(client).uint(clock)
}
export const readStateVector = (decoder: DSDecoder): Map<number, number> => {
  const state = new Map<number, number>()
  for (let left = readUint(decoder.restDecoder); left > 0; left--) {
    state.set(readUint(decoder.restDecoder), readUint(decoder.restDecoder))
  }
  return state
}
