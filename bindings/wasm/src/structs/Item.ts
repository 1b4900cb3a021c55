// What one person inserted at once: as an update has it, or as a view of what a document holds.
//
// A view looks up what it tells when it is asked, and again when the type around it has changed. The items of a document are the engine's: a view
// may be asked anything, but not be written to.
import { edit, type Transaction } from '../doc/Transaction.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { AbstractType } from '../types/AbstractType.js'
import type { UpdateEncoder } from '../update/encoders.js'
import { AbstractStruct, unsupported } from './AbstractStruct.js'
import { type AbstractContent, ContentDeleted } from './contents.js'
import { compareIDs, findRootTypeKey, ID } from './ID.js'
import { NOWHERE, Version } from './Version.js'
import { findNext, lookAgain, neighbour, originsOf, showContent } from './views.js'

/** What events can tell about: an item, or a range without content. */
export interface StructLike {
  readonly id: ID
  readonly length: number
}

const KEEP = 1
const COUNTABLE = 2
const DELETED = 4
const MARKER = 8
const FLAGS = 15

// As it is now.
const current = (item: Item): Item => (item._in.current ? item : lookAgain(item))
const written = (item: Item): Item => {
  if (item._in.doc !== null) unsupported('changing an item')
  return item
}
const setFlag = (item: Item, flag: number, on: boolean): void => {
  const { info } = item
  if (((info & flag) !== 0) !== on) item.info = info ^ flag
}

export class Item extends AbstractStruct {
  // Editors walk along thousands of items at each move of a cursor: that takes as long as it takes to
  // bring them into the processor's cache.
  /** The document and the type around it; a view is up to date as long as this is current. */
  _in: Version
  /** Of a view undefined where nobody has looked. */
  _next: Item | null | undefined = undefined
  _content: AbstractContent | null
  /** The flags of `info`, and the number of a view's content. */
  _info: number
  _right: Item | null | undefined
  _left: Item | null | undefined
  _origin: ID | null | undefined
  _rightOrigin: ID | null | undefined
  /** The key, or its number. */
  _key: string | number | null
  _redone: ID | null = null
  /** Of a view: the number of the sub-document in it; of one of a part of an item the clock where it ends. */
  _more = 0

  constructor(
    id: ID,
    left: Item | null,
    origin: ID | null,
    right: Item | null,
    rightOrigin: ID | null,
    parent: AbstractType<any> | ID | string | null,
    parentSub: string | null,
    content: AbstractContent | null
  ) {
    super(id, content === null ? 0 : content.getLength())
    this._in = parent === null ? NOWHERE : new Version(null, parent)
    this._left = left
    this._right = right
    this._origin = origin
    this._rightOrigin = rightOrigin
    this._key = parentSub
    this._content = content
    this._info = content?.isCountable() ? COUNTABLE : 0
  }

  // -- what it is -------------------------------------------------------------------------------

  override get length(): number {
    return current(this)._length
  }
  override set length(length: number) {
    written(this)._length = length
  }
  /** Whether it is kept from being forgotten (1), counts (2), is deleted (4). */
  get info(): number {
    return current(this)._info & FLAGS
  }
  set info(info: number) {
    written(this)._info = info
  }
  /** Undo may put it back: its content is not forgotten. */
  get keep(): boolean {
    return (this.info & KEEP) !== 0
  }
  set keep(keep: boolean) {
    setFlag(this, KEEP, keep)
  }
  /** Whether it counts for indexes as long as it is not deleted. */
  get countable(): boolean {
    return (this.info & COUNTABLE) !== 0
  }
  override get deleted(): boolean {
    return (this.info & DELETED) !== 0
  }
  override set deleted(deleted: boolean) {
    setFlag(this, DELETED, deleted)
  }
  get marker(): boolean {
    return (this.info & MARKER) !== 0
  }
  set marker(marker: boolean) {
    setFlag(this, MARKER, marker)
  }
  get content(): AbstractContent {
    const content = this._content
    return content === null ? showContent(this) : content
  }
  set content(content: AbstractContent) {
    written(this)._content = content
  }
  get lastId(): ID {
    const { length } = this
    return length === 1 ? this.id : new ID(this.id.client, this.id.clock + length - 1)
  }
  /** What undo has put back in its place. */
  get redone(): ID | null {
    return current(this)._redone
  }
  set redone(id: ID | null) {
    written(this)._redone = id
  }

  // -- where it is ------------------------------------------------------------------------------

  /** What was to its left when it was inserted. */
  get origin(): ID | null {
    if (current(this)._origin === undefined) originsOf(this)
    return this._origin!
  }
  set origin(origin: ID | null) {
    written(this)._origin = origin
  }
  /** What was to its right when it was inserted. */
  get rightOrigin(): ID | null {
    if (current(this)._rightOrigin === undefined) originsOf(this)
    return this._rightOrigin!
  }
  set rightOrigin(origin: ID | null) {
    written(this)._rightOrigin = origin
  }
  /** The type it is in; in an update the name of a root, or the id of what holds the type. */
  get parent(): AbstractType<any> | ID | string | null {
    return current(this)._in.type
  }
  set parent(parent: AbstractType<any> | ID | string | null) {
    written(this)._in = new Version(null, parent)
  }
  /** The key, if it is an entry of a map or an attribute. */
  get parentSub(): string | null {
    const key = current(this)._key
    return typeof key === 'number' ? (this._key = this._in.doc!._name(key)) : key
  }
  set parentSub(key: string | null) {
    written(this)._key = key
  }
  get left(): Item | null {
    const left = this._left
    return left === undefined ? neighbour(this, 1) : left
  }
  set left(item: Item | null) {
    written(this)._left = item
  }
  get right(): Item | null {
    const right = this._right
    return right === undefined ? neighbour(this, 0) : right
  }
  set right(item: Item | null) {
    written(this)._right = item
  }
  /** The next one that is not deleted. */
  get next(): Item | null {
    const next = this._next
    return next === undefined ? findNext(this) : next
  }
  get prev(): Item | null {
    let at = this.left
    while (at !== null && at.deleted) at = at.left
    return at
  }

  // -- what can be done with it -----------------------------------------------------------------

  /** Deletes it from the document. */
  delete(_transaction?: Transaction): void {
    if (this.deleted) return
    const doc = this._in.doc ?? unsupported('deleting what is in no document')
    const { client, clock } = this.id
    const erase = (): void => check(engine.rw_delete_units(doc._open(), client, clock, this.length))
    edit(doc, erase, this.parent as AbstractType<any>, this.parentSub)
  }
  markDeleted(): void {
    this.deleted = true
  }
  /** Of items in no document. */
  override mergeWith(right: AbstractStruct): boolean {
    if (
      this._in.doc !== null ||
      !(right instanceof Item) ||
      right._in.doc !== null ||
      this.right !== right ||
      !compareIDs(right.origin, this.lastId) ||
      !compareIDs(right.rightOrigin, this.rightOrigin) ||
      right.id.client !== this.id.client ||
      right.id.clock !== this.id.clock + this.length ||
      right.deleted !== this.deleted ||
      this.redone !== null ||
      right.redone !== null ||
      right.content.constructor !== this.content.constructor ||
      !this.content.mergeWith(right.content)
    ) {
      return false
    }
    this.keep ||= right.keep
    this.right = right.right
    if (this.right !== null) this.right.left = this
    this.length += right.length
    return true
  }
  getMissing(_transaction?: Transaction, _store?: unknown): number | null {
    return this._in.doc === null ? unsupported('integrating an item') : null
  }
  override integrate(_transaction: Transaction, _offset: number): void {
    unsupported('integrating an item')
  }
  gc(_store?: unknown, _parentGCd?: boolean): void {
    unsupported('collecting an item')
  }
  override write(encoder: UpdateEncoder, offset: number): void {
    const { content, rightOrigin, parent, parentSub } = this
    const { client, clock } = this.id
    const origin = offset > 0 ? new ID(client, clock + offset - 1) : this.origin
    encoder.writeInfo(
      content.getRef() |
        (origin === null ? 0 : 0x80) |
        (rightOrigin === null ? 0 : 0x40) |
        (parentSub === null ? 0 : 0x20)
    )
    if (origin !== null) encoder.writeLeftID(origin)
    if (rightOrigin !== null) encoder.writeRightID(rightOrigin)
    if (origin === null && rightOrigin === null) {
      let holder: ID | string | null = null
      if (parent === null || typeof parent === 'string' || parent instanceof ID) holder = parent
      else holder = parent._item === null ? findRootTypeKey(parent) : parent._item.id
      encoder.writeParentInfo(typeof holder === 'string')
      if (typeof holder === 'string') encoder.writeString(holder)
      else encoder.writeLeftID(holder!)
      if (parentSub !== null) encoder.writeString(parentSub)
    }
    content.write(encoder, offset)
  }

  /** It was collected: nobody knows any more what and where it was, and that stays so. */
  _forget(length: number): void {
    this._in = NOWHERE
    this._length = length
    this._info = DELETED
    this._content = new ContentDeleted(length)
    this._left = this._right = this._next = null
    this._key = this._redone = null
    this._origin ??= null
    this._rightOrigin ??= null
  }
}
