// Values by key.
import type { Transaction } from '../doc/Transaction.js'
import { define } from '../engine/any.js'
import { AbstractType } from './AbstractType.js'
import { allEntries, clearEntries, countEntries, deleteEntry, getEntry, hasEntry, setEntry } from './entries.js'
import { Kind, register } from './kinds.js'
import { YEvent } from './YEvent.js'

/** Tells which keys of a map changed. */
export class YMapEvent<T = any> extends YEvent<YMap<T>> {
  /** The keys that changed. */
  get keysChanged(): Set<any> {
    return this.transaction.changed.get(this.target) ?? new Set()
  }
}

export class YMap<T = any> extends AbstractType<YMapEvent<T>> {
  override _kind: number = Kind.map
  _prelimContent: Map<string, any> | null

  constructor(entries?: Iterable<readonly [string, any]>) {
    super()
    this._prelimContent = new Map(entries)
  }

  get size(): number {
    return countEntries(this)
  }
  /** Sets the value of a key, and answers it. */
  set<V extends T>(key: string, value: V): V {
    if (this.doc !== null) setEntry(this, key, value)
    else this._prelimContent!.set(key, value)
    return value
  }
  get(key: string): T | undefined {
    return getEntry(this, key)
  }
  has(key: string): boolean {
    return hasEntry(this, key)
  }
  delete(key: string): void {
    if (this.doc !== null) deleteEntry(this, key)
    else this._prelimContent!.delete(key)
  }
  clear(): void {
    if (this.doc !== null) clearEntries(this)
    else this._prelimContent!.clear()
  }
  keys(): IterableIterator<string> {
    return allEntries(this).map(([key]) => key)[Symbol.iterator]()
  }
  values(): IterableIterator<T> {
    return allEntries(this).map(([, value]) => value)[Symbol.iterator]()
  }
  entries(): IterableIterator<[string, T]> {
    return allEntries(this)[Symbol.iterator]()
  }
  [Symbol.iterator](): IterableIterator<[string, T]> {
    return this.entries()
  }
  forEach(f: (value: T, key: string, map: YMap<T>) => void): void {
    for (const [key, value] of allEntries(this)) f(value, key, this)
  }
  override toJSON(): { [key: string]: any } {
    const json: Record<string, unknown> = {}
    for (const [key, value] of allEntries(this)) {
      define(json, key, value instanceof AbstractType ? value.toJSON() : value)
    }
    return json
  }

  override clone(): YMap<T> {
    const made = new YMap<T>()
    for (const [key, value] of allEntries(this)) {
      made.set(key, value instanceof AbstractType ? (value.clone() as T) : value)
    }
    return made
  }
  override _copy(): YMap<T> {
    return new YMap()
  }
  override _attach(doc: import('../doc/Doc.js').Doc, number: number): void {
    super._attach(doc, number)
    if (this._prelimContent!.size === 0) this._prelimContent = null
  }
  override _fill(): void {
    const content = this._prelimContent
    this._prelimContent = null
    content?.forEach((value, key) => this.set(key, value))
  }
  override _makeEvent(transaction: Transaction): YMapEvent<T> {
    return new YMapEvent(this, transaction)
  }
}

register(Kind.map, YMap)
