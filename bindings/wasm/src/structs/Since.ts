// When something about a shared type was looked up.
import type { Doc } from '../doc/Doc.js'
import type { AbstractType } from '../types/AbstractType.js'

export class Since {
  #epoch = -1
  #wide = -1
  #stamp = -1

  /** Whether nothing has happened since that concerns the type. */
  holds(doc: Doc, type: AbstractType<any> | undefined): boolean {
    if (this.#epoch === doc._epoch) return true
    if (this.#wide !== doc._wide || this.#stamp !== type?._stamp) return false
    this.#epoch = doc._epoch
    return true
  }
  /** It is looked up now. */
  now(doc: Doc, type: AbstractType<any>): void {
    this.#epoch = doc._epoch
    this.#wide = doc._wide
    this.#stamp = type._stamp
  }
  /** It is good only as long as nothing at all happens. */
  brief(): void {
    this.#wide = -1
  }
}
