// Sets of ids as ranges by client.
import type { ByteReader } from '../engine/any.js'

export class DeleteItem {
  constructor(
    readonly clock: number,
    readonly len: number
  ) {}
}

export class DeleteSet {
  clients = new Map<number, DeleteItem[]>()
}

/** Clients, starts and lengths, as the engine tells them. */
export const readDeleteSet = (from: ByteReader): DeleteSet => {
  const set = new DeleteSet()
  while (from.more) {
    const client = from.uint()
    const range = new DeleteItem(from.uint(), from.uint())
    const ranges = set.clients.get(client)
    if (ranges === undefined) set.clients.set(client, [range])
    else ranges.push(range)
  }
  return set
}

/** Whether the set holds this id. */
export const isDeleted = (set: DeleteSet, id: { client: number; clock: number }): boolean => {
  const ranges = set.clients.get(id.client)
  if (ranges === undefined) return false
  let low = 0
  let high = ranges.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const { clock, len } = ranges[middle]
    if (id.clock < clock) high = middle - 1
    else if (id.clock >= clock + len) low = middle + 1
    else return true
  }
  return false
}
