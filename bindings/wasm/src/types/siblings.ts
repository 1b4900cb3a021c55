// Neighbours of a node among the children of what is around it.
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { AbstractType } from './AbstractType.js'
import { takeValue } from './values.js'

const sibling = (type: AbstractType<any>, behind: number): any => {
  if (type.doc === null) return null
  check(engine.rw_sibling(type.doc._open(), type._number, behind))
  return takeValue(type.doc) ?? null
}
export const nextSibling = (type: AbstractType<any>): any => sibling(type, 1)
export const prevSibling = (type: AbstractType<any>): any => sibling(type, 0)
