// Values by key: of maps, and attributes of elements and texts.
import { ByteReader, put } from '../engine/any.js'
import { checkRead } from '../engine/errors.js'
import { engine, putString } from '../engine/wasm.js'
import { edit } from '../doc/Transaction.js'
import type { AbstractType } from './AbstractType.js'
import { checkWrite } from './lists.js'
import { checkContent, putContent, settle, takeEntries, takeValue } from './values.js'

export const setEntry = (type: AbstractType<any>, key: string, value: any): void => {
  const doc = type.doc!
  checkContent(value)
  edit(doc, () => {
    let keySize = 0
    const size = put((to) => {
      to.text(key)
      keySize = to.size
      putContent(to, value)
    })
    const code = engine.rw_map_set(doc._open(), type._number, keySize, size)
    checkWrite(code)
    if (code === 0) settle(doc, value)
  }, type, key)
}
export const deleteEntry = (type: AbstractType<any>, key: string): void => {
  const doc = type.doc!
  edit(doc, () => checkWrite(engine.rw_map_erase(doc._open(), type._number, putString(key))), type, key)
}
export const clearEntries = (type: AbstractType<any>): void => {
  const doc = type.doc!
  edit(doc, () => checkWrite(engine.rw_map_clear(doc._open(), type._number)), type)
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
