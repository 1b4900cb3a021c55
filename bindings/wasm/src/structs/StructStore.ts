// The structs of a document, as views.
import { WeakValues } from '../base/weak-values.js'
import type { Doc } from '../doc/Doc.js'
import { ByteReader } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import { UpdateEncoderV2 } from '../update/encoders.js'
import { encodeStateAsUpdateV2, encodeStateVector } from '../update/updates.js'
import type { AbstractStruct, GC } from './AbstractStruct.js'
import { type DeleteSet, takeDeleteSet, writeDeleteSet } from './DeleteSet.js'
import type { ID } from './ID.js'
import type { Item } from './Item.js'
import type { Transaction } from '../doc/Transaction.js'
import { structsIn, structWith } from './views.js'

type Structs = (GC | Item)[]

// Structs by client, looked up when somebody wants those of a client.
class Clients extends Map<number, Structs> {
  #doc: Doc

  constructor(doc: Doc, clients: Iterable<number>) {
    super()
    this.#doc = doc
    for (const client of clients) this.set(client, [])
  }
  override get(client: number): Structs | undefined {
    let structs = super.get(client)
    if (structs?.length === 0) this.set(client, (structs = structsIn(this.#doc, client, 0)))
    return structs
  }
  override *entries(): MapIterator<[number, Structs]> {
    for (const client of this.keys()) yield [client, this.get(client)!]
  }
  override *values(): MapIterator<Structs> {
    for (const [, structs] of this.entries()) yield structs
  }
  override [Symbol.iterator](): MapIterator<[number, Structs]> {
    return this.entries()
  }
  override forEach(f: (structs: Structs, client: number, map: Map<number, Structs>) => void): void {
    for (const [client, structs] of this.entries()) f(structs, client, this)
  }
}

/** Views of a client's structs by clock, as long as somebody holds them. */
interface ClientViews {
  client: number
  views: WeakValues<Item | GC>
}

export class StructStore {
  readonly _doc: Doc
  #views: ClientViews[] = []
  #epoch = -1
  #state = new Map<number, number>()
  #clients: Clients | null = null

  constructor(doc: Doc) {
    this._doc = doc
  }

  /** The structs of each client, by clock. */
  get clients(): Map<number, Structs> {
    const state = this._state
    return (this.#clients ??= new Clients(this._doc, state.keys()))
  }
  /** What waits for updates that have not arrived. */
  get pendingStructs(): { missing: Map<number, number>; update: Uint8Array } | null {
    const doc = this._doc
    check(engine.rw_missing(doc._open()))
    const missing = takeStateVector()
    return missing.size === 0 ? null : { missing, update: encodeStateAsUpdateV2(doc, encodeStateVector(doc)) }
  }
  /** Deletions of what has not arrived, as an update of format V2. */
  get pendingDs(): Uint8Array | null {
    check(engine.rw_pending_deletes(this._doc._open()))
    const waiting = takeDeleteSet(new ByteReader())
    if (waiting.clients.size === 0) return null
    const encoder = new UpdateEncoderV2()
    encoder.restEncoder.uint(0)
    writeDeleteSet(encoder, waiting)
    return encoder.toUint8Array()
  }
  getStateVector(): Map<number, number> {
    return new Map(this._state)
  }

  get _state(): Map<number, number> {
    if (this.#epoch !== this._doc._epoch) {
      check(engine.rw_state_vector(this._doc._open()))
      this.#state = takeStateVector()
      this.#clients = null
      this.#epoch = this._doc._epoch
    }
    return this.#state
  }
  /** The client of this number in the engine. */
  _client(number: number): ClientViews {
    return this.#views[number] ?? this.#newClient(number)
  }
  #newClient(number: number): ClientViews {
    const client = engine.rw_client(this._doc._open(), number)
    return (this.#views[number] = { client, views: new WeakValues() })
  }
}

const takeStateVector = (): Map<number, number> => {
  const from = new ByteReader()
  const state = new Map<number, number>()
  for (let left = from.uint(); left > 0; left--) state.set(from.uint(), from.uint())
  return state
}

/** The clock that a client writes next. */
export const getState = (store: StructStore, client: number): number => store._state.get(client) ?? 0

/** The place of the struct that holds this clock. */
export const findIndexSS = (structs: readonly AbstractStruct[], clock: number): number => {
  let low = 0
  let high = structs.length - 1
  while (low <= high) {
    const middle = (low + high) >> 1
    const { id, length } = structs[middle]
    if (clock < id.clock) high = middle - 1
    else if (clock >= id.clock + length) low = middle + 1
    else return middle
  }
  throw new Error(`none of these structs holds clock ${clock}`)
}

const known = <T>(struct: T | undefined, { client, clock }: ID): T => {
  if (struct === undefined) throw new Error(`the document has no struct with the id ${client}:${clock}`)
  return struct
}

/** The struct that holds an id. */
export const getItem = (store: StructStore, id: ID): Item => known(structWith(store._doc, id), id) as Item
/** What of it begins with the id. */
export const getItemCleanStart = (transaction: Transaction, id: ID): Item =>
  known(structsIn(transaction.doc, id.client, id.clock, undefined, 1)[0], id) as Item
/** What of it ends with the id. */
export const getItemCleanEnd = (transaction: Transaction, store: StructStore, id: ID): Item => {
  const { client, clock } = getItem(store, id).id
  return structsIn(transaction.doc, client, clock, id.clock + 1, 1)[0] as Item
}

/** All that is deleted. */
export const createDeleteSetFromStructStore = (store: StructStore): DeleteSet => {
  check(engine.rw_delete_set(store._doc._open()))
  return takeDeleteSet(new ByteReader())
}

/** Documents with `gc` forget what is deleted when it is; those without keep it. Nothing is left to do here. */
export const tryGc = (_set: DeleteSet, _store: StructStore, _gcFilter: (item: Item) => boolean): void => {}
