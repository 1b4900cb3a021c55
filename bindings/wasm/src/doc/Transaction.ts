// Edits that belong together: one event for observers, one update for listeners.
import { ByteReader } from '../engine/any.js'
import { check, codeOf, fail } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import { DeleteSet, takeDeleteSet } from '../structs/DeleteSet.js'
import type { AbstractType } from '../types/AbstractType.js'
import { mayFollow, putKeystrokes } from '../types/keystrokes.js'
import type { YEvent } from '../types/YEvent.js'
import { commit, type Doc, tellOf } from './Doc.js'

let count = 0
const OUT_OF_MEMORY = codeOf('out_of_memory')

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
  local: boolean
  /** Its number for the engine. */
  readonly _number: number
  _known: Known | null = null
  /** What was written to, in this order: the engine remembers only what has come of it. */
  #written: Map<AbstractType<any>, Set<string | null>> | null = null
  /** What updates have changed; null where that is not known. */
  #brought: AbstractType<any>[] | null = null
  #lastType: AbstractType<any> | null = null
  #lastKey: string | null = null

  constructor(doc: Doc, origin: any, local: boolean, number = (count = (count % 0xfffffffe) + 1)) {
    this.doc = doc
    this.origin = origin
    this.local = local
    this._number = number
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

  _setSubdocs(told: NonNullable<Known['subdocs']>): void {
    this.#of.subdocs = told
  }

  /** What the transaction has inserted. */
  get _inserted(): DeleteSet {
    return this.#of.inserted ?? this.#ids('inserted', 0)
  }
  /** What it has deleted. */
  get deleteSet(): DeleteSet {
    return this.#of.deleteSet ?? this.#ids('deleteSet', 1)
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
    return (this.#of.beforeState = state)
  }
  /** Types that changed and were there before, with the keys that changed; null: their list. */
  get changed(): Map<AbstractType<any>, Set<string | null>> {
    if (this.#of.changed !== undefined) return this.#of.changed
    const { doc } = this
    if (!this.#askable) return this.#written ?? new Map()
    check(engine.rw_told_types(doc._at))
    const told: [number, number, number][] = []
    for (const from = new ByteReader(); from.more; ) {
      told.push([from.uint(), from.byte(), from.uint()])
    }
    const found = new Map<AbstractType<any>, Set<string | null>>()
    for (const [key, kind, number] of told) {
      const type = doc._view(kind, number)
      let keys = found.get(type)
      if (keys === undefined) found.set(type, (keys = new Set()))
      keys.add(key === 0 ? null : doc._name(key - 1))
    }
    return (this.#of.changed = this.#asWritten(found))
  }
  /** The same types and all around them, with the events of what changed within. */
  get changedParentTypes(): Map<AbstractType<any>, YEvent<any>[]> {
    if (this.#of.changedParentTypes !== undefined) return this.#of.changedParentTypes
    const around = new Map<AbstractType<any>, YEvent<any>[]>()
    if (!this.#askable) return around
    for (const type of this.changed.keys()) {
      let event = this._events.get(type)
      if (event === undefined) this._events.set(type, (event = type._makeEvent(this)))
      for (let at: AbstractType<any> | null = type; at !== null; at = at.parent) {
        const events = around.get(at)
        if (events === undefined) around.set(at, [event])
        else events.push(event)
      }
    }
    return (this.#of.changedParentTypes = around)
  }

  /** It has ended, and others come before it is told of, or while it is. */
  _fixState(): void {
    this.#of.afterState ??= this.doc.store.getStateVector()
  }
  /** Asks for all of it, for those who read it when everybody has been told. */
  _keep(): void {
    void this.deleteSet
    void this.beforeState
    void this.changedParentTypes
  }
  /** Somebody has written to this type, or to this key of it. */
  _note(type: AbstractType<any>, key: string | null): void {
    // What it has made itself does not count as changed.
    if (type._madeIn === this._number) return
    if (type === this.#lastType && key === this.#lastKey) return
    this.#lastType = type
    this.#lastKey = key
    const written = (this.#written ??= new Map())
    const keys = written.get(type)
    if (keys === undefined) written.set(type, new Set([key]))
    else keys.add(key)
  }
  /** An update was applied: it may have changed any type, and so may who tidies up after it. */
  _noteBrought(): void {
    const { doc } = this
    const told = engine.rw_touched_types(doc._open()) !== 0
    this.#brought = told ? [] : null
    for (const from = new ByteReader(); told && from.more; ) {
      const type = doc._known(from.uint())
      if (type !== undefined) this.#brought!.push(type)
    }
    this._outdate()
  }
  /** What it has changed is not as it was looked up. */
  _outdate(): void {
    const { doc } = this
    if (this.local) return doc._passed()
    if (this.#brought === null) return doc._changed()
    for (const type of this.#brought) doc._changed(type)
    for (const type of this.#written?.keys() ?? []) doc._changed(type)
  }
  // In the order in which it was written to; then what only the engine knows of.
  #asWritten(found: Map<AbstractType<any>, Set<string | null>>): Map<AbstractType<any>, Set<string | null>> {
    if (this.#written === null) return found
    const ordered = new Map<AbstractType<any>, Set<string | null>>()
    for (const [type, keys] of this.#written) {
      const changed = found.get(type)
      if (changed === undefined) continue
      ordered.set(type, new Set([...keys].filter((key) => changed.has(key)).concat([...changed])))
    }
    for (const [type, keys] of found) if (!ordered.has(type)) ordered.set(type, keys)
    return ordered
  }

  /** Is it the one that is being told now? Then the engine knows all about it. */
  get #told(): boolean {
    return this.doc._telling === this
  }
  // Nothing has been found out before it is told; afterwards it is too late.
  get #askable(): boolean {
    if (this.#told) return true
    if (this.doc._transactionCleanups.includes(this)) return false
    throw new Error('read what a transaction did while it is being told: it is gone afterwards')
  }
  #ids(name: 'inserted' | 'deleteSet', deleted: number): DeleteSet {
    const { doc } = this
    const open = doc._transaction === this
    if (!open && !this.#askable) return new DeleteSet()
    check(engine.rw_told_ids(doc._address(), deleted, open ? 1 : 0))
    const ids = takeDeleteSet(new ByteReader())
    if (this.#told) this.#of[name] = ids
    return ids
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
): T => (doc._transaction !== null ? f(doc._transaction) : run(doc, f, origin, local, null))

// `type`: the only one that is edited, if that is known.
const run = <T>(
  doc: Doc,
  f: (transaction: Transaction) => T,
  origin: any,
  local: boolean,
  type: AbstractType<any> | null
): T => {
  const transaction = begin(doc, origin, local)
  try {
    return f(transaction)
  } finally {
    if (type !== null) doc._changed(type)
    end(doc, transaction)
  }
}

const begin = (doc: Doc, origin: any, local: boolean): Transaction => {
  const cleanups = doc._transactionCleanups
  const transaction = new Transaction(doc, origin, local)
  doc._telling?._fixState()
  engine.rw_begin(doc._open(), transaction._number, local ? 1 : 0)
  doc._transaction = transaction
  cleanups.push(transaction)
  if (doc._heardBefore) {
    try {
      if (cleanups.length === 1) doc.emit('beforeAllTransactions', [doc])
      doc.emit('beforeTransaction', [transaction, doc])
    } catch (error) {
      end(doc, transaction)
      throw error
    }
  }
  return transaction
}

/**
 * Makes one edit: in the open transaction, or in one of its own. Where nobody would hear of it, the
 * engine does that alone.
 */
export const edit = (doc: Doc, write: () => void, type: AbstractType<any>, key: string | null = null): void => {
  const open = doc._transaction
  doc._open()
  if (open === null && doc._watchers > 0) {
    run(doc, write, null, true, type)
  } else if (open === null) {
    doc._changed(type)
    write()
    doc._settle()
  } else {
    doc._changed(type)
    const writes = engine.rw_writes(doc._open())
    try {
      write()
    } finally {
      // Formats that are there already change nothing.
      if (doc._at !== 0 && engine.rw_writes(doc._at) !== writes) open._note(type, key)
    }
  }
}

/**
 * Before an edit that is one call into the engine, as a keystroke is. Outside of a transaction that
 * call makes one around the edit: it takes numberOf() what is answered here, and endCall() follows.
 */
export const beginCall = (doc: Doc, type: AbstractType<any>, key: string | null = null): Transaction | null => {
  doc._open()
  doc._changed(type)
  const open = doc._transaction
  if (open !== null) {
    open._note(type, key)
    return null
  }
  if (doc._watchers === 0) return null
  const cleanups = doc._transactionCleanups
  if (cleanups.length > 0 || doc._heardBefore) {
    const transaction = begin(doc, null, true)
    doc._changed(type) // who was told that it begins may have looked at items
    return transaction
  }
  const transaction = new Transaction(doc, null, true)
  cleanups.push(transaction)
  tellOf(doc)
  return transaction
}
/** Of the transaction that the call itself makes; 0 if there is nothing to make. */
export const numberOf = (doc: Doc, transaction: Transaction | null): number =>
  transaction === null || doc._transaction !== null ? 0 : transaction._number
export const endCall = (doc: Doc, transaction: Transaction | null): void => {
  if (transaction === null) return doc._settle()
  if (doc._transaction !== null) return end(doc, transaction)
  doc._passed()
  tellOf(null)
  finish(doc)
}

const end = (doc: Doc, transaction: Transaction): void => {
  if (mayFollow(doc)) doc._tell(putKeystrokes)
  doc._transaction = null
  // Editors open transactions at every move of the cursor: what was looked up stays good then.
  const wrote = engine.rw_wrote(doc._at) !== 0
  if (wrote) doc._passed()
  // Who is told may throw: that waits until everybody has been.
  const code = commit(doc)
  // What was deleted may be forgotten by now; formats may have been tidied after an update.
  if (wrote || !transaction.local) transaction._outdate()
  // Other errors are of writes that were answered for one by one.
  if (code === OUT_OF_MEMORY) doc._tell(() => fail(code))
  // The outermost is told first, and then those that were made meanwhile.
  if (doc._transactionCleanups[0] !== transaction) return transaction._fixState()
  finish(doc)
}

// All have been told.
const finish = (doc: Doc): void => {
  const cleanups = doc._transactionCleanups
  doc._telling = null
  // Without memory it may be that one was never told.
  if (doc._tidyings.length > 0) doc._tidyings = []
  if (doc._observers.has('afterAllTransactions')) {
    doc._transactionCleanups = []
    doc._tellAll('afterAllTransactions', doc, cleanups)
  } else {
    while (cleanups.length > 0) cleanups.pop()
  }
  // It may have been destroyed meanwhile.
  doc._free()
  if (doc._errors.length > 0) {
    const [first] = doc._errors
    doc._errors = []
    throw first
  }
}
