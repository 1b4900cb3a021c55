// Lists of values: what arrays and the children of XML have in common.
import { put } from '../engine/any.js'
import { check, checkRead, codeOf } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import { edit } from '../doc/Transaction.js'
import type { AbstractType } from './AbstractType.js'
import { checkContent, isAlone, putContent, settle, takeValue, takeValues } from './values.js'

const DELETED = codeOf('deleted_type')

/** What is written into a type that was deleted has no effect, as in Yjs. */
export const checkWrite = (code: number): void => {
  if (code !== DELETED) check(code)
}

// Values are put in together; a shared type by itself, so that it can be filled.
const inParts = (contents: readonly any[], write: (size: number, count: number) => void, after: (value: any) => void): void => {
  for (let from = 0; from < contents.length; ) {
    let to = from
    while (to < contents.length && !isAlone(contents[to])) to++
    if (to === from) to++
    const first = from
    const size = put((out) => {
      for (let i = first; i < to; i++) putContent(out, contents[i])
    })
    write(size, to - from)
    after(contents[from])
    from = to
  }
}

export const insertInto = (type: AbstractType<any>, index: number, contents: readonly any[]): void => {
  const doc = type.doc!
  contents.forEach(checkContent)
  edit(doc, () => {
    let at = index < 0 ? 0 : index
    let lost = false
    inParts(
      contents,
      (size, count) => {
        const code = engine.rw_list_insert(doc._open(), type._number, at, size)
        checkWrite(code)
        lost = code !== 0
        at += count
      },
      (value) => lost || settle(doc, value)
    )
  }, type)
}

export const pushInto = (type: AbstractType<any>, contents: readonly any[]): void => {
  const doc = type.doc!
  contents.forEach(checkContent)
  edit(doc, () => {
    let lost = false
    inParts(
      contents,
      (size) => {
        const code = engine.rw_list_push(doc._open(), type._number, size)
        checkWrite(code)
        lost = code !== 0
      },
      (value) => lost || settle(doc, value)
    )
  }, type)
}

/** Directly behind a child, deleted or not. */
export const insertBehind = (type: AbstractType<any>, child: AbstractType<any>, contents: readonly any[]): void => {
  const doc = type.doc!
  contents.forEach(checkContent)
  edit(doc, () => {
    let left = child
    inParts(
      contents,
      (size) => checkWrite(engine.rw_list_insert_after(doc._open(), type._number, left._number, size)),
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
  edit(doc, () => checkWrite(engine.rw_list_erase(doc._open(), type._number, index, length)), type)
}

export const sizeOf = (type: AbstractType<any>): number =>
  type._readable() ? engine.rw_list_size(type.doc!._at, type._number) : 0

export const elementAt = (type: AbstractType<any>, index: number): any => {
  if (!type._readable() || !(index >= 0)) return undefined
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
