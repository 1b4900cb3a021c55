// What one person inserted at once: as an update has it, or as a view of what a document holds.
//
// A view looks up what it tells when it is asked, and again when the document has changed. The
// items of a document are the engine's: a view may be asked anything, but not be written to.
import type { Doc } from '../doc/Doc.js'
import { edit, type Transaction } from '../doc/Transaction.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { AbstractType } from '../types/AbstractType.js'
import { Kind } from '../types/kinds.js'
import type { UpdateEncoder } from '../update/encoders.js'
import { AbstractStruct, unsupported } from './AbstractStruct.js'
import { type AbstractContent, ContentDeleted } from './contents.js'
import { compareIDs, findRootTypeKey, ID } from './ID.js'
import { contentOf, NOTHING, neighbour, refresh, type Seen } from './views.js'

/** What events can tell about: an item, or a range without content. */
export interface StructLike {
  readonly id: ID
  readonly length: number
}

const KEEP = 1
const COUNTABLE = 2
const DELETED = 4
const MARKER = 8

export class Item extends AbstractStruct {
  /** The document that it is a view of. */
  _doc: Doc | null = null
  _seen: Seen = NOTHING
  _info: number
  _origin: ID | null
  _rightOrigin: ID | null
  _parent: AbstractType<any> | ID | string | null
  _parentSub: string | null
  _redone: ID | null = null
  _content: AbstractContent | null
  /** Undefined where nobody has looked. */
  _left: Item | null | undefined
  _right: Item | null | undefined

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
    this._left = left
    this._right = right
    this._origin = origin
    this._rightOrigin = rightOrigin
    this._parent = parent
    this._parentSub = parentSub
    this._content = content
    this._info = content?.isCountable() ? COUNTABLE : 0
  }

  #look(): this {
    const doc = this._doc
    if (doc !== null && !this._seen.holds(doc, doc._known(this._seen.parent))) refresh(this)
    return this
  }
  #write(): this {
    if (this._doc !== null) unsupported('changing an item')
    return this
  }

  // -- what it is -------------------------------------------------------------------------------

  override get length(): number {
    return this.#look()._length
  }
  override set length(length: number) {
    this.#write()._length = length
  }
  /** Whether it is kept from being forgotten (1), counts (2), is deleted (4). */
  get info(): number {
    return this.#look()._info
  }
  set info(info: number) {
    this.#write()._info = info
  }
  #set(flag: number, on: boolean): void {
    const { info } = this
    if (((info & flag) !== 0) !== on) this.info = info ^ flag
  }
  /** Undo may put it back: its content is not forgotten. */
  get keep(): boolean {
    return (this.info & KEEP) !== 0
  }
  set keep(keep: boolean) {
    this.#set(KEEP, keep)
  }
  /** Whether it counts for indexes as long as it is not deleted. */
  get countable(): boolean {
    return (this.info & COUNTABLE) !== 0
  }
  override get deleted(): boolean {
    return (this.info & DELETED) !== 0
  }
  override set deleted(deleted: boolean) {
    this.#set(DELETED, deleted)
  }
  get marker(): boolean {
    return (this.info & MARKER) !== 0
  }
  set marker(marker: boolean) {
    this.#set(MARKER, marker)
  }
  get content(): AbstractContent {
    return (this.#look()._content ??= contentOf(this))
  }
  set content(content: AbstractContent) {
    this.#write()._content = content
  }
  get lastId(): ID {
    const { length } = this
    return length === 1 ? this.id : new ID(this.id.client, this.id.clock + length - 1)
  }
  /** What undo has put back in its place. */
  get redone(): ID | null {
    return this.#look()._redone
  }
  set redone(id: ID | null) {
    this.#write()._redone = id
  }

  // -- where it is ------------------------------------------------------------------------------

  /** What was to its left when it was inserted. */
  get origin(): ID | null {
    return this.#look()._origin
  }
  set origin(origin: ID | null) {
    this.#write()._origin = origin
  }
  /** What was to its right when it was inserted. */
  get rightOrigin(): ID | null {
    return this.#look()._rightOrigin
  }
  set rightOrigin(origin: ID | null) {
    this.#write()._rightOrigin = origin
  }
  /** The type it is in; in an update the name of a root, or the id of what holds the type. */
  get parent(): AbstractType<any> | ID | string | null {
    const parent = this.#look()._parent
    if (this._doc === null) return parent
    return this._doc._view(Kind.undefined, this._seen.parent)
  }
  set parent(parent: AbstractType<any> | ID | string | null) {
    this.#write()._parent = parent
  }
  /** The key, if it is an entry of a map or an attribute. */
  get parentSub(): string | null {
    const doc = this.#look()._doc
    if (doc === null) return this._parentSub
    return this._seen.key < 0 ? null : doc._name(this._seen.key)
  }
  set parentSub(key: string | null) {
    this.#write()._parentSub = key
  }
  get left(): Item | null {
    const left = this.#look()._left
    return left === undefined ? neighbour(this, 1) : left
  }
  set left(item: Item | null) {
    this.#write()._left = item
  }
  get right(): Item | null {
    const right = this.#look()._right
    return right === undefined ? neighbour(this, 0) : right
  }
  set right(item: Item | null) {
    this.#write()._right = item
  }
  /** The next one that is not deleted. */
  get next(): Item | null {
    let at = this.right
    while (at !== null && at.deleted) at = at.right
    return at
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
    const doc = this._doc ?? unsupported('deleting what is in no document')
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
      this._doc !== null ||
      !(right instanceof Item) ||
      right._doc !== null ||
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
    return this._doc === null ? unsupported('integrating an item') : null
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
    this._doc = null
    this._length = length
    this._info = DELETED
    this._content = new ContentDeleted(length)
    this._left = this._right = null
  }
}
