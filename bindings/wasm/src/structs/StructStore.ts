// The structs of a document, as views.
import { ByteReader } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'

export class StructStore {
  constructor(readonly _doc: Doc) {}

  getStateVector(): Map<number, number> {
    check(engine.rw_state_vector(this._doc._open()))
    const from = new ByteReader()
    const state = new Map<number, number>()
    for (let left = from.uint(); left > 0; left--) state.set(from.uint(), from.uint())
    return state
  }
}
