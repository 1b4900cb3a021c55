// Shared types that are put into a text. The engine says when one stands there, in front of the marks
// that end its formats: it is filled at once, as Yjs does.
import type { Doc } from '../doc/Doc.js'
import { host } from '../engine/wasm.js'
import { AbstractType } from './AbstractType.js'

interface Embedding {
  doc: Doc
  types: AbstractType<any>[]
  thrown: unknown[]
}
let current: Embedding | null = null

/** Runs a call that puts these into a text, in this order; values that are no types need nothing. */
export const embedding = (doc: Doc, values: unknown[], call: () => number): number => {
  const types = values.filter((value) => value instanceof AbstractType)
  const outer = current
  const own: Embedding = { doc, types, thrown: [] }
  current = own
  try {
    return call()
  } finally {
    current = outer
    if (own.thrown.length > 0) throw own.thrown[0]
  }
}

host.fill = (_document, number) => {
  const type = current?.types.shift()
  if (type === undefined) return
  const { doc, thrown } = current!
  try {
    doc._adopt(type, number)
    type._fill()
    // What it is filled with, nobody is told.
    type._hear()
  } catch (error) {
    thrown.push(error) // not through the engine
  }
}
