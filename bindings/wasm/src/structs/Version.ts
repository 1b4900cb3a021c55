// A shared type between two changes of it.
//
// What was looked up of it and of its items is good as long as its version is the current one. When
// it ends, the items forget what lies beside and in them, so that those who walk along thousands of
// them need not ask at each whether it is good.
import type { Doc } from '../doc/Doc.js'
import type { AbstractType } from '../types/AbstractType.js'
import type { Item } from './Item.js'

export class Version {
  current = true
  readonly doc: Doc | null
  readonly type: AbstractType<any> | any

  /** `type`: of an item in no document whatever the update has for it. */
  constructor(doc: Doc | null, type: AbstractType<any> | any) {
    this.doc = doc
    this.type = type
  }
  #items: Item[] = []
  add(item: Item): void {
    item._in = this
    this.#items.push(item)
  }
  end(): void {
    this.current = false
    for (const item of this.#items) {
      // It may have been looked at again.
      if (item._in !== this) continue
      item._next = item._right = item._left = undefined
      item._content = null
    }
    this.#items = []
  }
}

/** Of items in no document that say nothing about what is around them. */
export const NOWHERE = new Version(null, null)

/** The current versions of a document that somebody has looked at. */
export class Versions {
  readonly #doc: Doc
  #looked = new Set<AbstractType<any>>()
  #brief: Version[] = []

  constructor(doc: Doc) {
    this.#doc = doc
  }

  get some(): boolean {
    return this.#looked.size > 0
  }
  of(type: AbstractType<any>): Version {
    return type._version ?? this.#begin(type)
  }
  #begin(type: AbstractType<any>): Version {
    this.#looked.add(type)
    return (type._version = new Version(this.#doc, type))
  }
  /** One that ends with whatever happens next. */
  brief(type: AbstractType<any>): Version {
    const version = new Version(this.#doc, type)
    this.#brief.push(version)
    return version
  }

  /** Something has happened. */
  end(): void {
    if (this.#brief.length === 0) return
    for (const version of this.#brief) version.end()
    this.#brief = []
  }
  /** A type has changed. */
  endOf(type: AbstractType<any>): void {
    type._outdate()
    this.#looked.delete(type)
  }
  /** Any type may have changed. */
  endAll(): void {
    for (const type of this.#looked) type._outdate()
    this.#looked.clear()
  }
}
