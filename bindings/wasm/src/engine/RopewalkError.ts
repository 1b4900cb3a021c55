// What is thrown, by the engine and by what is bundled apart from it alike: one class for all.
import type { EngineErrorCode } from './errors.js'

/** What may be wrong with a stored document, or with where it is: `ropewalk/storage`. */
export type StorageErrorCode =
  | 'not_found'
  | 'not_permitted'
  | 'no_space'
  | 'io_failed'
  | 'in_use'
  | 'read_only'
  | 'store_failed'
  | 'not_ours'
  | 'newer_format'
  | 'other_document'
  | 'damaged'
  | 'incomplete'
  | 'unknown_epoch'

export type ErrorCode = EngineErrorCode | StorageErrorCode

/** An error with what happened in one sentence, a code for programs, and where in the input. */
export class RopewalkError extends Error {
  override name = 'RopewalkError'
  /** Which kind of error, such as `unexpected_end`. */
  readonly code: ErrorCode
  /** Of the first bad byte; the index where an index is wrong. */
  readonly offset: number

  constructor(code: ErrorCode, message: string, offset = 0) {
    super(message)
    this.code = code
    this.offset = offset
  }
}
