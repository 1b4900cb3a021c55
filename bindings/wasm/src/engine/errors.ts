// What goes wrong in the engine, as errors of JavaScript.
import { type ErrorCode, RopewalkError } from './RopewalkError.js'
import { engine, reportedOffset, takeString } from './wasm.js'

// In the order of crdt::ErrorCode.
const codes = [
  'ok', 'unexpected_end', 'invalid_varint', 'invalid_utf8', 'invalid_json', 'unknown_tag',
  'unknown_content', 'invalid_struct', 'invalid_message', 'unknown_message', 'limit_exceeded',
  'nesting_too_deep', 'index_out_of_range', 'inside_character', 'wrong_type', 'deleted_type',
  'invalid_argument', 'no_document', 'collected', 'out_of_memory'
] as const

export type EngineErrorCode = (typeof codes)[number]

/** The number of a code in the engine. */
export const codeOf = (code: ErrorCode): number => codes.indexOf(code as EngineErrorCode)

export { type ErrorCode, RopewalkError } from './RopewalkError.js'

/** Throws the error that a call has answered. */
export const fail = (code: number): never => {
  const offset = reportedOffset()
  engine.rw_describe(code, offset)
  const name = codes[code] ?? 'invalid_argument'
  throw new RopewalkError(name, takeString() || name, offset)
}

/** The same for input that is read here. */
export const failAt = (code: ErrorCode, offset: number): never => {
  engine.rw_describe(codeOf(code), offset)
  throw new RopewalkError(code, takeString(), offset)
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
