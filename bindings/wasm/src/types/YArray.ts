// A list of values.
import type { Transaction } from '../doc/Transaction.js'
import { AbstractType } from './AbstractType.js'
import { Kind, register } from './kinds.js'
import { deleteFrom, elementAt, elements, insertInto, pushInto, sizeOf, slice } from './lists.js'
import { YEvent } from './YEvent.js'

/** Tells what changed in an array. */
export class YArrayEvent<T = any> extends YEvent<YArray<T>> {}

export class YArray<T = any> extends AbstractType<YArrayEvent<T>> {
  override _kind = Kind.array
  _prelimContent: any[] | null = []

  /** A new array with these elements. */
  static from<T>(items: T[]): YArray<T> {
    const array = new YArray<T>()
    array.push(items)
    return array
  }

  get length(): number {
    return sizeOf(this)
  }
  /** Puts elements in front of the one at `index`; at the length, behind the last. */
  insert(index: number, content: T[]): void {
    if (this.doc !== null) insertInto(this, index, content)
    else this._prelimContent!.splice(index, 0, ...content)
  }
  push(content: T[]): void {
    if (this.doc !== null) pushInto(this, content)
    else this._prelimContent!.push(...content)
  }
  unshift(content: T[]): void {
    this.insert(0, content)
  }
  delete(index: number, length = 1): void {
    if (this.doc !== null) deleteFrom(this, index, length)
    else this._prelimContent!.splice(index, length)
  }
  get(index: number): T {
    return elementAt(this, index)
  }
  toArray(): T[] {
    return elements(this)
  }
  slice(start = 0, end = this.length): T[] {
    return slice(this, start, end)
  }
  override toJSON(): any[] {
    return elements(this).map((value) => (value instanceof AbstractType ? value.toJSON() : value))
  }
  map<M>(f: (value: T, index: number, array: YArray<T>) => M): M[] {
    return elements(this).map((value, index) => f(value, index, this))
  }
  forEach(f: (value: T, index: number, array: YArray<T>) => void): void {
    elements(this).forEach((value, index) => f(value, index, this))
  }
  [Symbol.iterator](): IterableIterator<T> {
    return elements(this)[Symbol.iterator]()
  }

  override clone(): YArray<T> {
    const made = new YArray<T>()
    made.insert(0, elements(this).map((value) => (value instanceof AbstractType ? value.clone() : value)))
    return made
  }
  override _copy(): YArray<T> {
    return new YArray()
  }
  override _attach(doc: import('../doc/Doc.js').Doc, number: number): void {
    super._attach(doc, number)
    if (this._prelimContent!.length === 0) this._prelimContent = null
  }
  override _fill(): void {
    const content = this._prelimContent
    this._prelimContent = null
    if (content !== null) this.insert(0, content)
  }
  override _makeEvent(transaction: Transaction): YArrayEvent<T> {
    return new YArrayEvent(this, transaction)
  }
}

register(Kind.array, YArray)
