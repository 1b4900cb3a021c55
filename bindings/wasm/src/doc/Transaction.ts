// Edits that belong together: one event for observers, one update for listeners.
import { ByteReader } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import { DeleteSet, readDeleteSet } from '../structs/DeleteSet.js'
import type { AbstractType } from '../types/AbstractType.js'
import type { YEvent } from '../types/YEvent.js'
import type { Doc } from './Doc.js'

let count = 0

/** What was asked of a transaction: made when it is, for each keystroke is one. */
interface Known {
  events?: Map<AbstractType<any>, YEvent<any>>
  meta?: Map<any, any>
  subdocs?: { added: Set<Doc>; removed: Set<Doc>; loaded: Set<Doc> }
  inserted?: DeleteSet
  deleteSet?: DeleteSet
  changed?: Map<AbstractType<any>, Set<string | null>>
  changedParentTypes?: Map<AbstractType<any>, YEvent<any>[]>
  afterState?: Map<number, number>
  beforeState?: Map<number, number>
}

export class Transaction {
  readonly doc: Doc
  /** Whatever was given to `transact`, such as the provider that applies an update. */
  readonly origin: any
  /** Whether the change was made here, and not by an update. */
  readonly local: boolean
  /** Its number for the engine. */
  readonly _number: number
  _known: Known | null = null

  constructor(doc: Doc, origin: any, local: boolean) {
    this.doc = doc
    this.origin = origin
    this.local = local
    this._number = count = (count + 1) % 0xffffffff
  }

  get #of(): Known {
    return (this._known ??= {})
  }
  /** Events of types that changed. */
  get _events(): Map<AbstractType<any>, YEvent<any>> {
    return (this.#of.events ??= new Map())
  }
  /** For the program: stays here. */
  get meta(): Map<any, any> {
    return (this.#of.meta ??= new Map())
  }
  get subdocsAdded(): Set<Doc> {
    return this._subdocs.added
  }
  get subdocsRemoved(): Set<Doc> {
    return this._subdocs.removed
  }
  get subdocsLoaded(): Set<Doc> {
    return this._subdocs.loaded
  }
  get _subdocs() {
    return (this.#of.subdocs ??= { added: new Set(), removed: new Set(), loaded: new Set() })
  }

  /** What the transaction has inserted. */
  get _inserted(): DeleteSet {
    return (this.#of.inserted ??= this.#ids(0))
  }
  /** What it has deleted. */
  get deleteSet(): DeleteSet {
    return (this.#of.deleteSet ??= this.#ids(1))
  }
  /** The state when it ended, by client; before that, the state now. */
  get afterState(): Map<number, number> {
    if (this.#of.afterState !== undefined) return this.#of.afterState
    const state = this.doc.store.getStateVector()
    if (this.#told) this.#of.afterState = state
    return state
  }
  /** The state when it began, by client. */
  get beforeState(): Map<number, number> {
    if (this.#of.beforeState !== undefined) return this.#of.beforeState
    const state = new Map(this.afterState)
    for (const [client, ranges] of this._inserted.clients) {
      const { clock } = ranges[0]
      if (clock > 0) state.set(client, clock)
      else state.delete(client)
    }
    if (this.#told) this.#of.beforeState = state
    return state
  }
  /** Types that changed and were there before, with the keys that changed; null: their list. */
  get changed(): Map<AbstractType<any>, Set<string | null>> {
    if (this.#of.changed !== undefined) return this.#of.changed
    const changed = new Map<AbstractType<any>, Set<string | null>>()
    if (!this.#told) return changed
    const { doc } = this
    check(engine.rw_told_types(doc._at))
    const told: [number, number, number][] = []
    for (const from = new ByteReader(); from.more; ) {
      told.push([from.uint(), from.byte(), from.uint()])
    }
    for (const [key, kind, number] of told) {
      const type = doc._view(kind, number)
      let keys = changed.get(type)
      if (keys === undefined) changed.set(type, (keys = new Set()))
      keys.add(key === 0 ? null : doc._name(key - 1))
    }
    return (this.#of.changed = changed)
  }
  /** The same types and all around them, with the events of what changed within. */
  get changedParentTypes(): Map<AbstractType<any>, YEvent<any>[]> {
    if (this.#of.changedParentTypes !== undefined) return this.#of.changedParentTypes
    const around = new Map<AbstractType<any>, YEvent<any>[]>()
    for (const type of this.changed.keys()) {
      const event = this._events.get(type) ?? type._makeEvent(this)
      for (let at: AbstractType<any> | null = type; at !== null; at = at.parent) {
        const events = around.get(at)
        if (events === undefined) around.set(at, [event])
        else events.push(event)
      }
    }
    if (this.#told) this.#of.changedParentTypes = around
    return around
  }

  /** Is it the one that is being told now? Then the engine knows all about it. */
  get #told(): boolean {
    return this.doc._telling === this
  }
  #ids(deleted: number): DeleteSet {
    if (!this.#told) return new DeleteSet()
    check(engine.rw_told_ids(this.doc._at, deleted))
    return readDeleteSet(new ByteReader())
  }
}

/**
 * Runs `f` so that all its edits are one change, told to everybody when `f` has returned. Inside
 * another transaction it joins that one.
 */
export const transact = <T>(
  doc: Doc,
  f: (transaction: Transaction) => T,
  origin: any = null,
  local = true
): T => {
  if (doc._transaction !== null) return f(doc._transaction)
  const cleanups = doc._transactionCleanups
  const transaction = new Transaction(doc, origin, local)
  engine.rw_begin(doc._open(), transaction._number)
  doc._transaction = transaction
  cleanups.push(transaction)
  try {
    if (doc._observers.size > 0) {
      if (cleanups.length === 1) doc.emit('beforeAllTransactions', [doc])
      doc.emit('beforeTransaction', [transaction, doc])
    }
    return f(transaction)
  } finally {
    doc._transaction = null
    end(doc, transaction)
  }
}

/**
 * Makes one edit: in the open transaction, or in one of its own. Where nobody would hear of it, the
 * engine does that alone.
 */
export const edit = (doc: Doc, write: () => void): void => {
  if (doc._transaction === null && doc._watchers > 0) {
    transact(doc, write)
  } else {
    doc._changed()
    write()
  }
}

const end = (doc: Doc, transaction: Transaction): void => {
  const cleanups = doc._transactionCleanups
  doc._changed()
  // Who is told may throw: that waits until everybody has been.
  engine.rw_commit(doc._at)
  // The outermost is told first, and then those that were made meanwhile.
  if (cleanups[0] !== transaction) return
  doc._telling = null
  doc._transactionCleanups = []
  if (doc._observers.size > 0) doc._tell(() => doc.emit('afterAllTransactions', [doc, cleanups]))
  if (doc._errors.length > 0) {
    const [first] = doc._errors
    doc._errors = []
    throw first
  }
}
