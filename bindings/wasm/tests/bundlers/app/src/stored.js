// What is stored, which has a module of its own and the engine's documents and errors.
import * as Y from 'ropewalk'
import { compact } from 'ropewalk/storage'

/** The text of a compacted copy, and whether errors are those of the engine. */
export function stored(doc) {
  const copy = new Y.Doc()
  Y.applyUpdate(copy, compact(Y.encodeStateAsUpdate(doc)))
  try {
    compact(new Uint8Array([1, 2, 3]))
  } catch (error) {
    return `${copy.getText('t')} ${error instanceof Y.RopewalkError} ${error.code}`
  }
}
