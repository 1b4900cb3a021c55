// Shared types as they were at a snapshot.
import { define } from '../engine/any.js'
import type { Item } from '../structs/Item.js'
import { ID } from '../structs/ID.js'
import type { AbstractType } from '../types/AbstractType.js'
import { isVisible, type Snapshot } from './Snapshot.js'

// Where a snapshot begins or ceases to show ids of a client, the first time behind `clock`.
const borderBehind = ({ sv, ds }: Snapshot, client: number, clock: number): number => {
  const known = sv.get(client) ?? 0
  if (clock >= known) return Infinity
  const ranges = ds.clients.get(client) ?? []
  let low = 0
  let high = ranges.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ranges[middle].clock + ranges[middle].len <= clock) low = middle + 1
    else high = middle
  }
  if (low === ranges.length) return known
  const { clock: start, len } = ranges[low]
  return Math.min(known, start > clock ? start : start + len)
}

/** A part of an item of which each of some snapshots shows all or nothing. */
export interface Piece {
  id: ID
  deleted: boolean
  length: number
  /** In the item. */
  offset: number
}
export const piecesOf = function* (item: Item, ...snapshots: (Snapshot | undefined)[]): Generator<Piece> {
  const { length, deleted } = item
  const { client, clock } = item.id
  for (let offset = 0; offset < length; ) {
    let end = clock + length
    for (const snapshot of snapshots) {
      if (snapshot !== undefined) end = Math.min(end, borderBehind(snapshot, client, clock + offset))
    }
    const size = end - clock - offset
    yield { id: new ID(client, clock + offset), deleted, length: size, offset }
    offset += size
  }
}

/** The elements of a list as they were. */
export const typeListToArraySnapshot = (type: AbstractType<any>, snapshot: Snapshot): any[] => {
  const elements: any[] = []
  for (let item = type._start; item !== null; item = item.right) {
    if (!item.countable) continue
    for (const piece of piecesOf(item, snapshot)) {
      if (!isVisible(piece, snapshot)) continue
      const all = item.content.getContent()
      for (let i = piece.offset; i < piece.offset + piece.length && i < all.length; i++) elements.push(all[i])
    }
  }
  return elements
}

// Of the values of a key, the last one that was known shows, if it was not deleted.
const valueThen = (newest: Item | undefined, snapshot: Snapshot): { value: any } | null => {
  for (let item = newest ?? null; item !== null; item = item.left) {
    const known = (snapshot.sv.get(item.id.client) ?? 0) - item.id.clock
    if (known <= 0) continue
    const last = Math.min(known, item.length) - 1
    const id = new ID(item.id.client, item.id.clock + last)
    return isVisible({ id, length: 1, deleted: item.deleted }, snapshot)
      ? { value: item.content.getContent()[last] }
      : null
  }
  return null
}

/** What a key had. */
export const typeMapGetSnapshot = (type: AbstractType<any>, key: string, snapshot: Snapshot): any =>
  valueThen(type._map.get(key), snapshot)?.value

/** What all keys had. */
export const typeMapGetAllSnapshot = (type: AbstractType<any>, snapshot: Snapshot): Record<string, any> => {
  const values: Record<string, any> = {}
  for (const [key, newest] of type._map) {
    const then = valueThen(newest, snapshot)
    if (then !== null) define(values, key, then.value)
  }
  return values
}
