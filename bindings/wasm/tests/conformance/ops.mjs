// The ops of a transaction, each on what its path leads to.
import * as Y from 'yjs'
import { make, toDelta } from './content.mjs'
import { objectOf } from './values.mjs'

const attributesOf = ({ attrs }) => attrs && objectOf(attrs)

// Past the end of a list Yjs deletes what there is and throws.
function deleteFrom(list, { index, length }, deviations) {
  const before = list.length
  try {
    list.delete(index, length)
  } catch (error) {
    if (list.length === before && index < before) {
      deviations.add('array.delete')
      list.delete(index, before - index)
    }
    throw error
  }
}

const kOps = {
  'text.insert': (text, op) => text.insert(op.index, op.text, attributesOf(op)),
  'text.embed': (text, op) => text.insertEmbed(op.index, make(op.value), attributesOf(op)),
  'text.delete': (text, op) => text.delete(op.index, op.length),
  'text.format': (text, op) => text.format(op.index, op.length, attributesOf(op)),
  'text.applyDelta': (text, { delta, sanitize = true }) => text.applyDelta(toDelta(delta), { sanitize }),
  'array.insert': (array, op) => array.insert(op.index, op.values.map(make)),
  'array.push': (array, op) => array.push(op.values.map(make)),
  'array.delete': deleteFrom,
  'map.set': (map, op) => map.set(op.key, make(op.value)),
  'map.delete': (map, op) => map.delete(op.key),
  'map.clear': map => map.clear(),
  'xml.insert': (fragment, op) => fragment.insert(op.index, op.values.map(make)),
  'xml.push': (fragment, op) => fragment.push(op.values.map(make)),
  'xml.delete': deleteFrom,
  'xml.insertAfter': (fragment, op) => fragment.insertAfter(op.ref === null ? null : fragment.get(op.ref), op.values.map(make)),
  'xml.setAttribute': (type, op) => type.setAttribute(op.key, make(op.value)),
  'xml.removeAttribute': (type, op) => type.removeAttribute(op.key),
  'doc.load': doc => doc.load(),
  'doc.destroy': doc => doc.destroy(),
}

export function runOp(at, op, deviations) {
  if (!(op.op in kOps)) throw new Error(`unknown op ${op.op}`)
  kOps[op.op](at, op, deviations)
}

// How much of a text an insert takes up.
export const unitsOf = insert => (typeof insert === 'string' ? insert.length : 1)

// Fails in Yjs by accident only.
export const failsByAccident = (at, { op }) => op === 'text.delete' && at instanceof Y.Text && at.length === 0

// Whether an op points between the halves of a pair that it has left whole, where Yjs cuts it.
export function leavesPairs(text, op) {
  const cuts = new Set(cutsOf(op))
  if (cuts.size === 0) return false
  let at = 0
  for (const { insert } of text.toDelta()) {
    if (typeof insert !== 'string') {
      at++
      continue
    }
    for (const character of insert) {
      if (character.length === 2 && cuts.has(at + 1)) return true
      at += character.length
    }
  }
  return false
}

function cutsOf({ op, index, length, delta }) {
  if (op === 'text.format') return [index, index + length]
  if (op !== 'text.applyDelta') return []
  const cuts = []
  let at = 0
  for (const { insert, retain } of delta) {
    if (insert === undefined && retain === undefined) continue
    at += retain ?? unitsOf(insert)
    cuts.push(at)
  }
  return cuts
}
