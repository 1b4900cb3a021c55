// What goes wrong in the engine, as errors of JavaScript.
import { engine, reportedOffset, takeString } from './wasm.js'

// In the order of crdt::ErrorCode.
const codes = [
  'ok', 'unexpected_end', 'invalid_varint', 'invalid_utf8', 'invalid_json', 'unknown_tag',
  'unknown_content', 'invalid_struct', 'invalid_message', 'unknown_message', 'limit_exceeded',
  'nesting_too_deep', 'index_out_of_range', 'inside_character', 'wrong_type', 'deleted_type',
  'invalid_argument', 'no_document', 'collected', 'out_of_memory'
] as const

export type ErrorCode = (typeof codes)[number]

/** The number of a code in the engine. */
export const codeOf = (code: ErrorCode): number => codes.indexOf(code)

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

/** Throws the error that a call has answered. */
export const fail = (code: number): never => {
  const offset = reportedOffset()
  engine.rw_describe(code, offset)
  throw new RopewalkError(codes[code] ?? 'invalid_argument', takeString(), offset)
}

/** Of a call that answers 0 or an error. */
export const check = (code: number): void => {
  if (code !== 0) fail(code)
}

/** The same where a shared type is read: false if it was deleted, for nothing is in it then. */
export const checkRead = (code: number): boolean => {
  if (code === DELETED) return false
  check(code)
  return true
}
const DELETED = codeOf('deleted_type')

export const destroyed = (): never => {
  throw new RopewalkError('no_document', 'the document was destroyed: make a new Doc')
}
