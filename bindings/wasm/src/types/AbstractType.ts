// What shared types have in common: a document and a number in it, and who observes them.
import { engine } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import type { Transaction } from '../doc/Transaction.js'
import { itemOfType, firstItem, keyItems, nextVisible } from '../structs/walk.js'
import type { Item } from '../structs/Item.js'
import { YEvent } from './YEvent.js'
import { readParent } from './values.js'
import { Kind, register } from './kinds.js'

/** A shared type. One that is not in a document yet remembers what to put in when it is. */
export class AbstractType<EventType = any> {
  /** The document it is in; null as long as it is in none. */
  doc: Doc | null = null
  /** Which kind of type this is, for the engine. */
  _kind: number = Kind.undefined
  /** Its number in the document. */
  _number = -1
  _handlers: ((event: EventType, transaction: Transaction) => void)[] = []
  _deepHandlers: ((events: YEvent<any>[], transaction: Transaction) => void)[] = []

  /** What the engine knows of these: 1 that somebody observes it, 2 deeply. */
  _heard = 0

  // -- where it is ------------------------------------------------------------------------------

  /** The type around it; null for a root, and for one that is in no document. */
  get parent(): AbstractType<any> | null {
    return this.doc === null ? null : readParent(this.doc, this._number)
  }
  /** The item that holds it; null for a root. */
  get _item(): Item | null {
    return this.doc === null ? null : itemOfType(this.doc, this._number)
  }
  /** The first item of its list, deleted ones included. */
  get _start(): Item | null {
    return this.doc === null ? null : firstItem(this.doc, this._number)
  }
  /** The newest item of each key, deleted ones included. */
  get _map(): Map<string, Item> {
    return this.doc === null ? new Map() : keyItems(this.doc, this._number)
  }
  /** The first item that is not deleted. */
  get _first(): Item | null {
    return nextVisible(this._start)
  }
  get _length(): number {
    return this.doc === null ? 0 : engine.rw_text_length(this.doc._open(), this._number)
  }

  // -- how it comes into a document -------------------------------------------------------------

  /** It is in a document now, under this number. */
  _attach(doc: Doc, number: number): void {
    this.doc = doc
    this._number = number
  }
  /** Puts in what it was given before it was in a document. */
  _fill(): void {}
  /** It stands for one that is in the document: the engine knows its name. */
  _named(): this {
    return this
  }
  /** Whether its list holds characters. */
  get _isText(): boolean {
    return this._kind === Kind.text || this._kind === Kind.xmlText
  }
  /** What the engine calls it: of an element or a hook. */
  get _name(): string {
    return ''
  }
  /** A new, empty one of the same kind. */
  _copy(): AbstractType<EventType> {
    throw new Error('a shared type without a kind cannot be copied: name its type first, as in doc.getMap(name)')
  }
  /** A new one with the same content, which is in no document. */
  clone(): AbstractType<EventType> {
    throw new Error('a shared type without a kind cannot be cloned: name its type first, as in doc.getMap(name)')
  }
  toJSON(): any {}

  // -- observing --------------------------------------------------------------------------------

  /** Calls `f` after each transaction that changed this type. */
  observe(f: (event: EventType, transaction: Transaction) => void): void {
    this._handlers.push(f)
    this._hear()
  }
  /** Calls `f` after each transaction that changed this type or one within it. */
  observeDeep(f: (events: YEvent<any>[], transaction: Transaction) => void): void {
    this._deepHandlers.push(f)
    this._hear()
  }
  unobserve(f: (event: EventType, transaction: Transaction) => void): void {
    this._handlers = this._handlers.filter((known) => known !== f)
    this._hear()
  }
  unobserveDeep(f: (events: YEvent<any>[], transaction: Transaction) => void): void {
    this._deepHandlers = this._deepHandlers.filter((known) => known !== f)
    this._hear()
  }
  /** Tells the engine whether somebody observes. */
  _hear(): void {
    const { doc } = this
    if (doc === null || doc._at === 0) return
    const wanted = (this._handlers.length > 0 ? 1 : 0) | (this._deepHandlers.length > 0 ? 2 : 0)
    for (const deep of [0, 1]) {
      const bit = 1 << deep
      if ((wanted & bit) === (this._heard & bit)) continue
      doc._hearAlways('afterTransaction')
      engine.rw_observe(doc._at, this._number, deep, wanted & bit)
      doc._watchers += (wanted & bit) !== 0 ? 1 : -1
    }
    this._heard = wanted
  }
  /** The event that tells of this type. */
  _makeEvent(transaction: Transaction): YEvent<any> {
    return new YEvent(this, transaction)
  }

  // -- for the classes below --------------------------------------------------------------------

  /** Reads before it is in a document find nothing, and say so. */
  _readable(): boolean {
    if (this.doc !== null) {
      this.doc._open()
      return true
    }
    console.warn('ropewalk: a shared type was read before it was put into a document')
    return false
  }
}

register(Kind.undefined, AbstractType)
