// What an observer is told: which type changed, and how. Found out when it is asked for, as long as
// the transaction is being told.
import { ByteReader, define } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { Transaction } from '../doc/Transaction.js'
import { isDeleted } from '../structs/DeleteSet.js'
import type { Item, StructLike } from '../structs/Item.js'
import { changedItems } from '../structs/walk.js'
import type { AbstractType } from './AbstractType.js'
import { readValue, resolved } from './values.js'

export interface KeyChange {
  action: 'add' | 'update' | 'delete'
  oldValue: any
}
export interface Changes {
  added: Set<Item>
  deleted: Set<Item>
  keys: Map<string, KeyChange>
  delta: any[]
}

// As core/border.hpp has them.
const [STEP_DELETE, STEP_RETAIN, STEP_TEXT] = [0, 1, 2]
const actions = ['add', 'update', 'delete'] as const

export class YEvent<T extends AbstractType<any> = AbstractType<any>> {
  /** The type that changed. */
  readonly target: T
  /** The type whose observer is called. */
  currentTarget: AbstractType<any>
  readonly transaction: Transaction
  _changes: Changes | null = null
  _keys: Map<string, KeyChange> | null = null
  _delta: any[] | null = null
  _path: (string | number)[] | null = null

  constructor(target: T, transaction: Transaction) {
    this.target = target
    this.currentTarget = target
    this.transaction = transaction
  }

  /** Keys and indexes that lead from `currentTarget` to `target`. */
  get path(): (string | number)[] {
    if (this._path !== null) return this._path
    const doc = this.#told()
    check(engine.rw_event_path(doc._open(), this.target._number, this.currentTarget._number))
    const steps: [number, number][] = []
    for (const from = new ByteReader(); from.more; ) steps.push([from.byte(), from.uint()])
    return (this._path = steps.map(([isKey, value]) => (isKey === 1 ? doc._name(value) : value)))
  }

  /** Steps from the first element on: retain, insert, delete; what follows the last stays. */
  get delta(): any[] {
    if (this._delta !== null) return this._delta
    const doc = this.#told()
    check(engine.rw_event_delta(doc._open(), this.target._number))
    const ops: any[] = []
    const named: [any, [number, any][]][] = []
    for (const from = new ByteReader(); from.more; ) {
      const step = from.byte()
      if (step === STEP_DELETE) {
        ops.push({ delete: from.uint() })
        continue
      }
      const op: any = {}
      if (step === STEP_RETAIN) {
        op.retain = from.uint()
      } else if (step === STEP_TEXT) {
        op.insert = from.string()
      } else {
        op.insert = []
        for (let left = from.uint(); left > 0; left--) op.insert.push(readValue(doc, from))
      }
      const formats: [number, any][] = []
      for (let left = from.uint(); left > 0; left--) formats.push([from.uint(), from.any()])
      if (formats.length > 0) named.push([op, formats])
      ops.push(op)
    }
    for (const op of ops) {
      if (!Array.isArray(op.insert)) continue
      op.insert = op.insert.map((value: any) => resolved(doc, value))
      if (this.target._isText) op.insert = op.insert[0]
    }
    for (const [op, formats] of named) {
      op.attributes = {}
      for (const [key, value] of formats) define(op.attributes, doc._name(key), value)
    }
    return (this._delta = ops)
  }

  /** Keys that differ from what they were. */
  get keys(): Map<string, KeyChange> {
    if (this._keys !== null) return this._keys
    const doc = this.#told()
    check(engine.rw_event_keys(doc._open(), this.target._number))
    const read: [number, number, any][] = []
    for (const from = new ByteReader(); from.more; ) {
      read.push([from.uint(), from.byte(), readValue(doc, from)])
    }
    const keys = new Map<string, KeyChange>()
    for (const [key, action, value] of read) {
      keys.set(doc._name(key), { action: actions[action], oldValue: resolved(doc, value) })
    }
    return (this._keys = keys.size > 1 ? this.#asChanged(keys) : keys)
  }

  /** All of these, and the items that came and went. */
  get changes(): Changes {
    if (this._changes !== null) return this._changes
    this.#told()
    const { added, deleted } = changedItems(this.target, this.transaction)
    return (this._changes = { added, deleted, delta: this.delta, keys: this.keys })
  }

  /** Whether the transaction has inserted this struct. */
  adds(struct: StructLike): boolean {
    return struct.id.clock >= (this.transaction.beforeState.get(struct.id.client) ?? 0)
  }
  /** Whether the transaction has deleted this struct. */
  deletes(struct: StructLike): boolean {
    return isDeleted(this.transaction.deleteSet, struct.id)
  }

  /** The same event for an observer of a type around its target. */
  _retarget(observed: AbstractType<any>): void {
    if (this.currentTarget === observed) return
    this.currentTarget = observed
    this._path = null
  }

  // In the order in which they were set.
  #asChanged(keys: Map<string, KeyChange>): Map<string, KeyChange> {
    const ordered = new Map<string, KeyChange>()
    for (const key of this.transaction.changed.get(this.target) ?? []) {
      const change = key === null ? undefined : keys.get(key)
      if (change !== undefined) ordered.set(key!, change)
    }
    return ordered
  }

  #told() {
    const { transaction } = this
    if (transaction.doc._telling !== transaction) {
      throw new Error('read what an event tells while its observer is called: it is gone afterwards')
    }
    return transaction.doc
  }
}
