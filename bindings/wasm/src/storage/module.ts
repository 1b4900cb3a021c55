// The module of what is stored, beside the engine's: it is started once, when somebody needs it or before.
import { ByteReader } from '../engine/any.js'
import type { ErrorCode, StorageErrorCode } from '../engine/RopewalkError.js'
import { type Engine, engine, host, memory, putBytes, reportedOffset, start, takeBytes, takeString } from '../engine/wasm.js'
import { RopewalkError } from '../index.js'

type Bytes = Uint8Array<ArrayBuffer>

let load: (() => WebAssembly.Module) | null = null

/** How it comes here; the entries know that. */
export const loadedBy = (how: () => WebAssembly.Module): void => {
  load = how
}

let compiled: WebAssembly.Module | null = null

/** Its functions. Asked before anything is handed over. */
export const stored = (): Engine => {
  if (load !== null) {
    compiled = load()
    load = null
    start(compiled)
  }
  return engine
}

/** Starts it when what runs now is over, so that the first file need not wait for that. */
export const startSoon = (): void => {
  try {
    setTimeout(() => {
      try {
        stored()
      } catch {
        // Whoever needs it is told.
      }
    })
  } catch {
    // There are places without timers before the first request.
  }
}

/** So much memory is not kept for the next call. */
const LARGE = 1 << 26

/** After a call. The module remembers nothing from one to the next, so that a new one does as well. */
export const rest = (): void => {
  if (memory().length > LARGE) start(compiled!)
}
/** The answer of the last call. */
export const taken = (): Bytes => {
  const bytes = takeBytes() as Bytes
  rest()
  return bytes
}

// Behind those of the engine, in the order of crdt::ErrorCode.
const codes: readonly StorageErrorCode[] = [
  'not_found', 'not_permitted', 'no_space', 'io_failed', 'in_use', 'read_only', 'store_failed', 'not_ours',
  'newer_format', 'other_document', 'damaged', 'incomplete', 'unknown_epoch'
]
const engineCodes: readonly ErrorCode[] = [
  'ok', 'unexpected_end', 'invalid_varint', 'invalid_utf8', 'invalid_json', 'unknown_tag', 'unknown_content',
  'invalid_struct', 'invalid_message', 'unknown_message', 'limit_exceeded', 'nesting_too_deep',
  'index_out_of_range', 'inside_character', 'wrong_type', 'deleted_type', 'invalid_argument', 'no_document',
  'collected', 'out_of_memory'
]
const all = [...engineCodes, ...codes]

const describe = (code: number, offset: number): string => {
  engine.rw_describe(code, offset)
  return takeString()
}

/** Of a call that answers 0 or an error. */
export const check = (code: number): void => {
  if (code === 0) return
  const offset = reportedOffset()
  throw new RopewalkError(all[code] ?? 'invalid_argument', describe(code, offset), offset)
}

/** An error that is found here, in the words of the engine unless others are given. */
export const failure = (code: ErrorCode, offset = 0, message?: string): RopewalkError => {
  stored()
  return new RopewalkError(code, message ?? describe(all.indexOf(code), offset), offset)
}

/** What a call makes of bytes, as bytes. */
export const made = (given: Uint8Array, call: (module: Engine, size: number) => number): Bytes => {
  const module = stored()
  const size = putBytes(given)
  check(call(module, size))
  return taken()
}

export const answer = (): ByteReader => new ByteReader()

// -- what the module reads ------------------------------------------------------------------------

/** Bytes that are at hand, for one call after another. */
export interface Held {
  /** A view of them, or null: they have to be fetched first. */
  at(offset: number, size: number): Uint8Array | null
}

const NOT_FOUND = all.indexOf('not_found')
const IO_FAILED = all.indexOf('io_failed')

/** The bytes that a call asked for and that were not at hand. */
export interface Missing {
  offset: number
  size: number
}

let held: Held | null = null
let missing: Missing | null = null
let broken: unknown
let isBroken = false

/** Calls the module, which reads `from` meanwhile. */
export const reading = <T>(from: Held, call: () => T): T | { missing: Missing } => {
  held = from
  missing = null
  isBroken = false
  try {
    return call()
  } catch (error) {
    if (missing !== null) return { missing }
    throw isBroken ? broken : error
  } finally {
    held = null
    broken = undefined
  }
}

/** What unpacks a page: bytes and how many it makes. */
export type Decompress = (bytes: Uint8Array, size: number) => Uint8Array

let decompress: Decompress | null = null
export const withDecompress = <T>(how: Decompress | null, call: () => T): T => {
  decompress = how
  try {
    return call()
  } finally {
    decompress = null
  }
}

Object.assign(host, {
  // Nothing is thrown through the module: what goes wrong waits until the call is over.
  read(offset: number, to: number, size: number): number {
    try {
      const bytes = held!.at(offset, size)
      if (bytes === null) {
        missing = { offset, size }
        return NOT_FOUND
      }
      memory().set(bytes, to)
      return 0
    } catch (error) {
      broken = error
      isBroken = true
      return IO_FAILED
    }
  },
  decompress(at: number, size: number, to: number, plain: number): number {
    try {
      const bytes = decompress!(memory().slice(at, at + size), plain)
      if (bytes.length !== plain) return 0
      memory().set(bytes, to)
      return 1
    } catch {
      return 0
    }
  }
})
