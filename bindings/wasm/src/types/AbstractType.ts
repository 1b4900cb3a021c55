// What shared types have in common: a document and a number in it, and who observes them.
import { engine } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import type { Transaction } from '../doc/Transaction.js'
import type { Item } from '../structs/Item.js'
import type { Version } from '../structs/Version.js'
import { firstItem, holderOf, keyItems } from '../structs/views.js'
import type { UpdateEncoder } from '../update/encoders.js'
import { YEvent } from './YEvent.js'
import { readParent } from './values.js'
import { isNamed, Kind, refOf, register } from './kinds.js'

type Handlers<Told> = ((told: Told, transaction: Transaction) => void)[]
// Most types nobody observes.
const NOBODY: Handlers<any> = []

// Apart from the getters below, which are small enough for V8 to put them in where they are called.
const findHolder = (type: AbstractType<any>): Item | null =>
  (type._holder = holderOf(type.doc!, type._number, false))
const findStart = (type: AbstractType<any>): Item | null => {
  type.doc!._versions.of(type)
  return (type._begin = firstItem(type.doc!, type._number))
}
const findFirst = (type: AbstractType<any>): Item | null => {
  const begin = type._start
  return (type._beginAlive = begin === null || !begin.deleted ? begin : begin.next)
}

/** A shared type. One that is not in a document yet remembers what to put in when it is. */
export class AbstractType<EventType = any> {
  /** What was looked up since it was last changed; undefined where nobody has looked. */
  _begin: Item | null | undefined = null
  _beginAlive: Item | null | undefined = null
  _entries: Map<string, Item> | undefined = undefined
  /** The shared types in its list, where that holds nothing else. */
  _nodes: AbstractType<any>[] | undefined = undefined
  /** What its items ask whether they are up to date; null where nobody has looked. */
  _version: Version | null = null
  _holder: Item | null | undefined = null
  /** The document it is in; null as long as it is in none. */
  doc: Doc | null = null
  /** Its number in the document. */
  _number = -1
  /** Which kind of type this is, for the engine. */
  _kind: number = Kind.undefined
  _handlers: Handlers<EventType> = NOBODY
  _deepHandlers: Handlers<YEvent<any>[]> = NOBODY
  /** The transaction that has put it in. */
  _madeIn = 0
  /** What the engine knows of these: 1 that somebody observes it, 2 deeply. */
  _heard = 0

  // -- where it is ------------------------------------------------------------------------------

  /** The type around it; null for a root, and for one that is in no document. */
  get parent(): AbstractType<any> | null {
    return this.doc === null ? null : readParent(this.doc, this._number)
  }
  /** The item that holds it; null for a root. */
  get _item(): Item | null {
    const holder = this._holder
    return holder === undefined ? findHolder(this) : holder
  }
  /** The first item of its list, deleted ones included. */
  get _start(): Item | null {
    const begin = this._begin
    return begin === undefined ? findStart(this) : begin
  }
  /** The first item that is not deleted. */
  get _first(): Item | null {
    const first = this._beginAlive
    return first === undefined ? findFirst(this) : first
  }
  /** The newest item of each key, deleted ones included. */
  get _map(): Map<string, Item> {
    if (this.doc === null) return new Map()
    this.doc._versions.of(this)
    return (this._entries ??= keyItems(this.doc, this._number))
  }
  /** The first item is known from what was looked up around it. */
  _startsWith(item: Item | null): void {
    this.doc!._versions.of(this)
    this._begin = item
    if (item === null || !item.deleted) this._beginAlive = item
  }
  /** It has changed. */
  _outdate(): void {
    this._version?.end()
    this._version = null
    this._begin = this._beginAlive = this._entries = this._nodes = undefined
  }
  get _length(): number {
    return this.doc === null ? 0 : engine.rw_text_length(this.doc._open(), this._number)
  }

  // -- how it comes into a document -------------------------------------------------------------

  /** It is in a document now, under this number. */
  _attach(doc: Doc, number: number): void {
    this.doc = doc
    this._number = number
    this._holder = this._begin = this._beginAlive = undefined
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
  /** Writes which kind of type it is. */
  _write(encoder: UpdateEncoder): void {
    encoder.writeTypeRef(refOf(this._kind))
    if (isNamed(this._kind)) encoder.writeKey(this._name)
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
    if (this._handlers === NOBODY) this._handlers = [f]
    else this._handlers.push(f)
    this._hear()
  }
  /** Calls `f` after each transaction that changed this type or one within it. */
  observeDeep(f: (events: YEvent<any>[], transaction: Transaction) => void): void {
    if (this._deepHandlers === NOBODY) this._deepHandlers = [f]
    else this._deepHandlers.push(f)
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
