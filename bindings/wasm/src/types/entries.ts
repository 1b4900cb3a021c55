// Values by key: of maps, and attributes of elements and texts.
import { ByteReader, put } from '../engine/any.js'
import { checkRead } from '../engine/errors.js'
import { engine, putString } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import { beginCall, edit, endCall, numberOf, transact } from '../doc/Transaction.js'
import type { AbstractType } from './AbstractType.js'
import { checkWrite } from './lists.js'
import { checkContent, isAlone, putContent, settle, takeEntries, takeKeys, takeValue } from './values.js'

// Hands over a key and a content; answers the size of the key, and of both.
const putEntry = (key: string, value: any): [number, number] => {
  let keySize = 0
  const size = put((to) => {
    to.text(key)
    keySize = to.size
    putContent(to, value)
  })
  return [keySize, size]
}
export const setEntry = (type: AbstractType<any>, key: string, value: any): void => {
  const doc = type.doc!
  checkContent(value)
  if (!isAlone(value)) return setValue(doc, type, key, value)
  edit(doc, () => {
    const [keySize, size] = putEntry(key, value)
    const code = engine.rw_map_set(doc._open(), type._number, keySize, size, 0)
    checkWrite(code)
    if (code === 0) settle(doc, value)
  }, type, key)
}
// One call into the engine.
const setValue = (doc: Doc, type: AbstractType<any>, key: string, value: any): void => {
  const transaction = beginCall(doc, type, key)
  try {
    const [keySize, size] = putEntry(key, value)
    checkWrite(engine.rw_map_set(doc._open(), type._number, keySize, size, numberOf(doc, transaction)))
  } finally {
    endCall(doc, transaction)
  }
}
export const deleteEntry = (type: AbstractType<any>, key: string): void => {
  const doc = type.doc!
  const erase = (): void => checkWrite(engine.rw_map_erase(doc._open(), type._number, putString(key), 0))
  // Of what is not there nobody hears.
  if (hasEntry(type, key)) edit(doc, erase, type, key)
  else transact(doc, erase)
}
export const clearEntries = (type: AbstractType<any>): void => {
  const doc = type.doc!
  edit(doc, () => {
    // Each key goes by itself, in their order; only a transaction tells of that.
    const open = doc._transaction
    const gone = open !== null && checkRead(engine.rw_map_entries(doc._open(), type._number)) ? takeKeys(doc) : []
    checkWrite(engine.rw_map_clear(doc._open(), type._number))
    for (const key of gone) open!._note(type, key)
  }, type)
}
export const getEntry = (type: AbstractType<any>, key: string): any => {
  if (!type._readable()) return undefined
  const doc = type.doc!
  return checkRead(engine.rw_map_get(doc._at, type._number, putString(key))) ? takeValue(doc) : undefined
}
export const hasEntry = (type: AbstractType<any>, key: string): boolean => {
  if (!type._readable()) return false
  return checkRead(engine.rw_map_get(type.doc!._at, type._number, putString(key))) && new ByteReader().more
}
export const countEntries = (type: AbstractType<any>): number =>
  type._readable() ? engine.rw_map_size(type.doc!._at, type._number) : 0
export const allEntries = (type: AbstractType<any>): [string, any][] => {
  if (!type._readable()) return []
  return checkRead(engine.rw_map_entries(type.doc!._at, type._number)) ? takeEntries(type.doc!) : []
}
