// Keystrokes that go on where the one before has ended, in one transaction. The first one goes into the
// engine, which answers whether it can be; those that follow wait here, and go in together before
// anybody asks their document for anything: Doc._address().
import { check } from '../engine/errors.js'
import { engine, memory, reserve } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import type { YText } from './YText.js'

const NOWHERE = -2
const MOST = 4096

// One document at a time: where its typing goes on, and in front of what its deleting does.
let doc: Doc | null = null
let type: YText | null = null
let end = NOWHERE
let front = NOWHERE
// What waits.
const letters = new Uint8Array(MOST)
let typed = 0
let deleted = 0

/** Whether others may follow in this document. */
export const mayFollow = (of: Doc): boolean => of === doc

const begin = (into: YText, typedTo: number, deletedTo: number): void => {
  if (into.doc!._transaction === null) return
  if (doc !== null) putKeystrokes()
  doc = into.doc
  type = into
  end = typedTo
  front = deletedTo
}
/** Text was put in that ends there. */
export const typedUpTo = (into: YText, index: number): void => begin(into, index, NOWHERE)
/** What stood behind this place was deleted. */
export const deletedDownTo = (into: YText, index: number): void => begin(into, NOWHERE, index)

/** Whether a letter goes on, and waits now. */
export const followsTyped = (into: YText, index: number, text: string): boolean => {
  if (into !== type || index !== end || text.length !== 1 || typed === MOST) return false
  const letter = text.charCodeAt(0)
  if (letter > 0x7f) return false
  letters[typed++] = letter
  end++
  return true
}
/** The same where the one in front of what was deleted last goes, too. */
export const followsDeleted = (into: YText, index: number, length: number): boolean => {
  if (into !== type || index !== front - 1 || length !== 1 || index < 0) return false
  front = index
  deleted++
  return true
}

/** Puts in what waits; from now on none may follow. */
export const putKeystrokes = (): void => {
  const at = doc!._at
  const number = type!._number
  const count = typed
  const from = end - count
  const erased = deleted
  const to = front
  doc = type = null
  end = front = NOWHERE
  typed = deleted = 0
  if (count > 0) {
    const place = reserve(count)
    const bytes = memory()
    for (let i = 0; i < count; i++) bytes[place + i] = letters[i]
    check(engine.rw_text_insert(at, number, from, count, 0, -1, 0))
  }
  if (erased > 0) check(engine.rw_text_backspace(at, number, to, erased))
}
