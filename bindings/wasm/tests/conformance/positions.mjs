// The steps of relative positions: relpos, relpos.resolve
import * as Y from 'yjs'
import { base64, blob } from './values.mjs'

export class PositionSteps {
  names = /^relpos/
  #kept = new Map()

  constructor(script) {
    this.script = script
  }

  run(step, expect) {
    if (step.do === 'relpos') this.#make(step, expect)
    else this.#resolve(step, expect)
  }

  #make({ doc, path, index, assoc, id }, expect) {
    const position = Y.createRelativePositionFromTypeIndex(this.script.replica(doc).find(path), index, assoc)
    this.script.check('bytes', expect.bytes, base64(Y.encodeRelativePosition(position)))
    this.script.check('json', expect.json, jsonOf(position))
    this.#kept.set(id, position)
  }

  // As it was made, and as it comes back from bytes and from JSON.
  #resolve({ doc: name, id, followUndone = true }, expect) {
    const { doc } = this.script.replica(name)
    const position = this.#kept.get(id)
    const read = Y.decodeRelativePosition(Y.encodeRelativePosition(position))
    const parsed = Y.createRelativePositionFromJSON(jsonOf(position))
    this.script.check('from JSON', true, Y.compareRelativePositions(position, parsed))
    for (const one of [position, read, parsed]) {
      this.script.check('position', expect.position, placeOf(Y.createAbsolutePositionFromRelativePosition(one, doc, followUndone)))
    }
  }
}

const jsonOf = position => JSON.parse(JSON.stringify(Y.relativePositionToJSON(position)))

function placeOf(place) {
  if (place === null) return null
  const { type, index, assoc } = place
  const kind = type._item === null ? { root: Y.findRootTypeKey(type) } : { id: [type._item.id.client, type._item.id.clock] }
  return { type: kind, index, assoc }
}

// -- calls ------------------------------------------------------------------------------------------

export const decodeRelativePosition = ({ bytes }) => jsonOf(Y.decodeRelativePosition(blob(bytes)))
export const relativePositionFromJSON = ({ json }) => base64(Y.encodeRelativePosition(Y.createRelativePositionFromJSON(json)))
