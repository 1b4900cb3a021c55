// The engine's module once it runs: its functions, its memory, and what it calls here.
//
// Memory may grow, and then moves, at any call into the engine: the views below are renewed before
// each use and never handed out.
import { codeOf, fail } from './errors.js'

type Call = (...numbers: number[]) => number

/** The functions of core/*.cpp. */
export interface Engine {
  readonly memory: WebAssembly.Memory
  readonly _initialize: () => void
  readonly [name: `rw_${string}`]: Call
}

/** What the engine calls; the rooms above put their functions in. */
export interface Host {
  hook(document: number, hearing: number, transaction: number): void
  update(document: number, transaction: number, v2: number, at: number, size: number): void
  fill(document: number, type: number): void
  subdocs(document: number, size: number): void
  event(document: number, type: number, transaction: number): void
  deep_events(document: number, type: number, transaction: number): void
  undo_captures(undo: number, transaction: number): number
  undo_may_delete(undo: number, client: number, clock: number, length: number): number
  random_client_id(): number
  number_to_text(value: number, at: number): number
  text_to_number(at: number, size: number): number
}

export const host = {
  number_to_text(value: number, at: number): number {
    const text = String(value)
    const bytes = memory()
    for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i)
    return text.length
  },
  text_to_number: (at: number, size: number): number =>
    Number(String.fromCharCode(...memory().subarray(at, at + size)))
} as Host

export let engine: Engine
let bytes = new Uint8Array(0)
let words = new Uint32Array(0)
let doubles = new Float64Array(0)
let reportAt = 0

/** The memory of the engine, good until the next call into it. */
export const memory = (): Uint8Array => {
  if (bytes.length === 0) renew()
  return bytes
}

// When memory has grown, views of what it was are empty: to ask for its buffer instead takes longer
// than most calls.
const renew = (): void => {
  const { buffer } = engine.memory
  bytes = new Uint8Array(buffer)
  words = new Uint32Array(buffer)
  doubles = new Float64Array(buffer)
}

export const start = (module: WebAssembly.Module): void => {
  // Called as they are, without anything between: all rooms have put theirs in by now.
  const { exports } = new WebAssembly.Instance(module, {
    host: host as unknown as WebAssembly.ModuleImports
  })
  engine = exports as unknown as Engine
  renew()
  engine._initialize()
  reportAt = engine.rw_report()
  inSize = 0
  reserve(SMALL)
}

// -- in -------------------------------------------------------------------------------------------

const SMALL = 1 << 16
let inAt = 0
let inSize = 0

/** Where to write `size` bytes for the next call. */
export const reserve = (size: number): number => {
  if (size > inSize || (inSize > 1 << 20 && size <= SMALL)) {
    inSize = size <= SMALL ? SMALL : size
    inAt = engine.rw_in(inSize)
    if (inAt === 0) {
      inSize = 0
      fail(codeOf('out_of_memory'))
    }
  }
  return inAt
}

/** Hands bytes over; answers how many. */
export const putBytes = (given: Uint8Array): number => {
  const at = reserve(given.length)
  memory().set(given, at)
  return given.length
}

const utf8 = new TextEncoder()
// A mark at the beginning is text.
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Hands a string over as UTF-8; answers its size. Lone surrogates become U+FFFD. */
export const putString = (text: string): number => {
  const { length } = text
  if (length < 64) {
    const at = reserve(64)
    const to = memory()
    let i = 0
    for (; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) break
      to[at + i] = unit
    }
    if (i === length) return length
  }
  const at = reserve(length * 3)
  return utf8.encodeInto(text, memory().subarray(at, at + length * 3)).written
}

/**
 * Hands text over as UTF-8; answers its size. Text with lone surrogates goes as UTF-16: its size is
 * negative then.
 */
export const putText = (text: string): number => {
  const size = putString(text)
  if (size === text.length || !LONE.test(text)) return size
  const at = reserve(text.length * 2)
  const to = memory()
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    to[at + 2 * i] = unit & 0xff
    to[at + 2 * i + 1] = unit >> 8
  }
  return -2 * text.length
}
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/

/** Whether text has no lone surrogates. */
export const wellFormed = (text: string): boolean => !LONE.test(text)

// -- out ------------------------------------------------------------------------------------------

/** Where the answer of the last call is, and its size. */
export const outAt = (): number => report(0)
export const outSize = (): number => report(1)
/** The number of the shared type or sub-document that was just put in. */
export const made = (): number => report(2)
export const reportedOffset = (): number => {
  memory()
  return doubles[(reportAt + 16) >> 3]
}
const report = (word: number): number => {
  if (words.length === 0) renew()
  return words[(reportAt >> 2) + word]
}

/** The answer, copied. */
export const takeBytes = (): Uint8Array => {
  const size = outSize()
  const at = outAt()
  const taken = memory().slice(at, at + size)
  if (size > 1 << 20) engine.rw_forget_out()
  return taken
}
export const takeString = (): string => {
  const taken = readString(outAt(), outSize())
  if (taken.length > 1 << 20) engine.rw_forget_out()
  return taken
}

/** `size` bytes of UTF-8 in memory. */
export const readString = (at: number, size: number): string => {
  const from = memory()
  if (size < 24) {
    let text = ''
    let i = 0
    for (; i < size; i++) {
      const unit = from[at + i]
      if (unit > 0x7f) break
      text += String.fromCharCode(unit)
    }
    if (i === size) return text
  }
  return decoder.decode(from.subarray(at, at + size))
}

/** `size` bytes of UTF-16 in memory, lone surrogates as they are. */
export const readUnits = (at: number, size: number): string => {
  const units = new Uint16Array(memory().slice(at, at + size).buffer)
  let text = ''
  for (let i = 0; i < units.length; i += 4096) {
    text += String.fromCharCode(...units.subarray(i, i + 4096))
  }
  return text
}
