// Lists of values: what arrays and the children of XML have in common.
import { put } from '../engine/any.js'
import { check, checkRead, codeOf, RopewalkError } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import { beginCall, edit, endCall, numberOf } from '../doc/Transaction.js'
import type { AbstractType } from './AbstractType.js'
import { checkElement, isAlone, putContent, settle, takeValue, takeValues } from './values.js'

const DELETED = codeOf('deleted_type')

/** What is written into a type that was deleted has no effect, as in Yjs. */
export const checkWrite = (code: number): void => {
  if (code !== DELETED) check(code)
}

// Contents [from, to), handed over; answers their size.
const putContents = (contents: readonly any[], from: number, to: number): number =>
  put((out) => {
    for (let i = out.integers(contents, from, to); i < to; i++) putContent(out, contents[i])
  })

// Values are put in together; a shared type by itself, so that it can be filled.
const inParts = (contents: readonly any[], write: (size: number, count: number) => void, after: (value: any) => void): void => {
  for (let from = 0; from < contents.length; ) {
    let to = from
    while (to < contents.length && !isAlone(contents[to])) to++
    if (to === from) to++
    write(putContents(contents, from, to), to - from)
    after(contents[from])
    from = to
  }
}

// Lists refuse what is before the first, as what is behind the last.
const inside = (index: number): number => {
  if (index < 0) throw new RopewalkError('index_out_of_range', `there is nothing at ${index}`, index)
  return index
}

/** Behind the very last element. */
const LAST = 0xffffffff

// At `index`, or LAST.
const insertAt = (type: AbstractType<any>, index: number, contents: readonly any[]): void => {
  const doc = type.doc!
  for (const value of contents) checkElement(value)
  if (!contents.some(isAlone)) return insertValues(doc, type, index, contents)
  edit(doc, () => {
    let at = inside(index)
    let lost = false
    inParts(
      contents,
      (size, count) => {
        const code = engine.rw_list_insert(doc._open(), type._number, at, size, count, 0)
        checkWrite(code)
        lost = code !== 0
        if (at !== LAST) at += count
      },
      (value) => lost || settle(doc, value)
    )
  }, type)
}
// One call into the engine.
const insertValues = (doc: Doc, type: AbstractType<any>, index: number, values: readonly any[]): void => {
  const transaction = beginCall(doc, type)
  try {
    const at = inside(index)
    if (values.length === 0) return
    const size = putContents(values, 0, values.length)
    checkWrite(engine.rw_list_insert(doc._open(), type._number, at, size, values.length, numberOf(doc, transaction)))
  } finally {
    endCall(doc, transaction)
  }
}

export const insertInto = insertAt
export const pushInto = (type: AbstractType<any>, contents: readonly any[]): void => insertAt(type, LAST, contents)

/** Directly behind a child, deleted or not. */
export const insertBehind = (type: AbstractType<any>, child: AbstractType<any>, contents: readonly any[]): void => {
  const doc = type.doc!
  for (const value of contents) checkElement(value)
  edit(doc, () => {
    let left = child
    inParts(
      contents,
      (size, count) => checkWrite(engine.rw_list_insert_after(doc._open(), type._number, left._number, size, count)),
      (value) => {
        settle(doc, value)
        left = value
      }
    )
  }, type)
}

export const deleteFrom = (type: AbstractType<any>, index: number, length: number): void => {
  if (length === 0) return
  const doc = type.doc!
  const transaction = beginCall(doc, type)
  try {
    checkWrite(engine.rw_list_erase(doc._open(), type._number, index, length, numberOf(doc, transaction)))
  } finally {
    endCall(doc, transaction)
  }
}

export const sizeOf = (type: AbstractType<any>): number =>
  type._readable() ? engine.rw_list_size(type.doc!._at, type._number) : 0

export const elementAt = (type: AbstractType<any>, index: number): any => {
  if (!type._readable() || !(index >= 0) || !Number.isInteger(index)) return undefined
  const doc = type.doc!
  if (engine.rw_list_get(doc._at, type._number, index) !== 0) return undefined
  return takeValue(doc)
}

export const elements = (type: AbstractType<any>, from = 0, to = 0xffffffff): any[] => {
  if (!type._readable()) return []
  const doc = type.doc!
  return checkRead(engine.rw_list_values(doc._at, type._number, from, to)) ? takeValues(doc) : []
}

/** As Array.prototype.slice counts. */
export const slice = (type: AbstractType<any>, start: number, end: number): any[] => {
  const size = sizeOf(type)
  const from = start < 0 ? Math.max(size + start, 0) : start
  const to = end < 0 ? size + end : end
  return to > from ? elements(type, from, to) : []
}
