// What a history can do without, as in Python: compaction that keeps every id, and a new epoch with
// the map that leads there.
import { put } from '../engine/any.js'
import { decodeStateVector } from '../index.js'
import { answer, check, made, stored, taken } from './module.js'

type Bytes = Uint8Array<ArrayBuffer>

export interface CompactOptions {
  /** The history is in format V2, and so is the result. */
  v2?: boolean
}

/**
 * The same history without the content of what is deleted, in as few structs as possible. Replicas that
 * have it and replicas that have the other one go on together.
 */
export const compact = (history: Uint8Array, { v2 = false }: CompactOptions = {}): Bytes =>
  made(history, (module, size) => module.rw_compact(size, v2 ? 1 : 0))

export interface RenumberOptions {
  /** The number of the epoch that ends (default: 0), and of the one that begins (default: the next). */
  fromEpoch?: number
  toEpoch?: number
  /** Client ids of other epochs that are still supported. */
  taken?: Iterable<number>
  /** 8 bytes that new client ids are drawn from; at random if left out. */
  seed?: Uint8Array
  /** The history is in format V2, and so is the result. */
  v2?: boolean
}

/**
 * A new epoch: what lives, under new ids, and the map that leads there. Whoever has the old history must
 * come over: what it has not sent goes through the map, and the rest of its copy is thrown away.
 */
export const renumber = (
  history: Uint8Array,
  { fromEpoch = 0, toEpoch = fromEpoch + 1, taken = [], seed = crypto.getRandomValues(new Uint8Array(8)), v2 = false }: RenumberOptions = {}
): { history: Bytes; map: EpochMap } => {
  if (seed.length !== 8) throw new RangeError('seed is 8 bytes')
  const module = stored()
  const size = put((to) => {
    to.sized(history).sized(seed)
    for (const client of taken) to.uint(client)
  })
  check(module.rw_renumber(size, v2 ? 1 : 0, fromEpoch, toEpoch))
  const from = answer()
  return { history: from.sized(), map: new EpochMap(from.sized()) }
}

/** From the ids of one epoch to those of the next. Bytes, to be kept where the document is. */
export class EpochMap {
  /** What is kept. */
  readonly bytes: Bytes
  readonly fromEpoch: number
  readonly toEpoch: number
  /** Under which everything stands that was there when the epoch began. */
  readonly newClient: number
  /** What the old epoch had when it ended: whatever an old copy has beyond it is pending. */
  readonly oldStateVector: Bytes

  constructor(bytes: Uint8Array) {
    this.bytes = bytes.slice()
    const module = stored()
    check(module.rw_map(put((to) => to.sized(this.bytes).sized(new Uint8Array(0)))))
    const from = answer()
    this.fromEpoch = from.uint()
    this.toEpoch = from.uint()
    this.newClient = from.uint()
    this.oldStateVector = from.sized()
  }

  /** Who had written in the old epoch when it ended: ids never to be used again. */
  get oldClients(): number[] {
    return [...decodeStateVector(this.oldStateVector).keys()]
  }
  /** The update of the new epoch that does what one of the old epoch has done. */
  translateUpdate(update: Uint8Array, { v2 = false }: CompactOptions = {}): Bytes {
    return this.#translate(update, (module, size) => module.rw_map_update(size, v2 ? 1 : 0))
  }
  /** The bytes of a relative position. */
  translatePosition(position: Uint8Array): Bytes {
    return this.#translate(position, (module, size) => module.rw_map_position(size))
  }
  /** JSON such as a presence state, with every relative position in it; null: its type is gone. */
  translateJson(json: string): string {
    const bytes = this.#translate(new TextEncoder().encode(json), (module, size) => module.rw_map_json(size))
    return new TextDecoder().decode(bytes)
  }
  #translate(what: Uint8Array, call: (module: ReturnType<typeof stored>, size: number) => number): Bytes {
    const module = stored()
    check(call(module, put((to) => to.sized(this.bytes).sized(what))))
    return taken()
  }
}
