// What updates and documents are made of: items, what was collected, and holes.
import type { UpdateEncoder } from '../update/encoders.js'
import type { Transaction } from '../doc/Transaction.js'
import { ID } from './ID.js'

/** Of things that only the engine can do. */
export const unsupported = (what: string): never => {
  throw new Error(`${what} is done by the engine: change a document through its shared types, or apply an update`)
}

export class AbstractStruct {
  id: ID
  _length: number

  constructor(id: ID, length: number) {
    this.id = id
    this._length = length
  }
  /** How many ids it takes. */
  get length(): number {
    return this._length
  }
  set length(length: number) {
    this._length = length
  }
  get deleted(): boolean {
    return unsupported('a struct of no kind')
  }
  /** Takes over what is directly behind it, if the two can be one. */
  mergeWith(_right: AbstractStruct): boolean {
    return false
  }
  /** Writes it without its first `offset` units. */
  write(_encoder: UpdateEncoder, _offset: number, _encodingRef?: number): void {
    unsupported('writing a struct of no kind')
  }
  integrate(_transaction: Transaction, _offset: number): void {
    unsupported('integrating a struct')
  }
}

// A range of ids without content.
class Range extends AbstractStruct {
  override get deleted(): boolean {
    return true
  }
  delete(): void {}
  override mergeWith(right: AbstractStruct): boolean {
    if (right.constructor !== this.constructor) return false
    this.length += right.length
    return true
  }
  getMissing(_transaction?: Transaction, _store?: unknown): number | null {
    return null
  }
}

/** Ids of which somebody has forgotten even the place. */
export class GC extends Range {
  override write(encoder: UpdateEncoder, offset: number): void {
    encoder.writeInfo(0)
    encoder.writeLen(this.length - offset)
  }
}

/** Ids that an update lacks. */
export class Skip extends Range {
  override write(encoder: UpdateEncoder, offset: number): void {
    encoder.writeInfo(10)
    encoder.restEncoder.uint(this.length - offset)
  }
}
