// Malformed input (README of the fixtures, section 5): whatever the bytes are, an error leaves the document
// as it was. Yjs itself, standing in, does as was recorded of it.
import * as Y from 'yjs'
import * as Itself from 'yjs-itself'
import { compare, lineOf } from './compare.mjs'
import { Replica } from './replica.mjs'
import { compareState } from './states.mjs'
import { base64, blob, holdsHalf, withWholePairs } from './values.mjs'

const kRoots = { t: 'text', a: 'array', m: 'map', x: 'xmlFragment' }
const kStandsIn = Y.Doc === Itself.Doc

const pictureOf = replica => ({
  update: base64(replica.encode()),
  updateV2: base64(replica.encode(true)),
  vector: base64(Y.encodeStateVector(replica.doc)),
  state: replica.state(),
})

// { lines: what differs, deviations }
export function runMalformed(one) {
  const outcome = { lines: [], deviations: new Set() }
  if (kStandsIn && !/^(accepts|throws)$/.test(one.expect.yjs)) return outcome
  const replica = new Replica(4242, true)
  for (const [root, kind] of Object.entries(kRoots)) replica.define(root, kind)
  if (one.base) Y.applyUpdate(replica.doc, blob(one.base))
  replica.takeTold()
  const before = pictureOf(replica)
  let refusal = null
  try {
    replica.apply(blob(one.bytes), one.format === 'v2')
  } catch (error) {
    refusal = error
  }
  if (kStandsIn) asRecorded(one, before, replica, refusal, outcome)
  else if (refusal) refused(one, before, replica, refusal, outcome)
  else accepted(one, before, replica, outcome)
  return outcome
}

// How deep Yjs can go depends on the stack that is left.
function asRecorded({ expect, unstable }, before, replica, refusal, outcome) {
  if (unstable) return
  if ((refusal === null) !== (expect.yjs === 'accepts')) outcome.lines.push(`Yjs ${expect.yjs}, got: ${refusal?.message ?? 'no error'}`)
  if (!expect.changed) requireUnchanged(before, replica, outcome)
  if (!expect.state) return
  const found = []
  compareState('state', expect.state, replica, found, { bytes: false })
  outcome.lines.push(...found.map(lineOf))
}

function refused({ contract }, before, replica, refusal, { lines, ...outcome }) {
  if (contract === 'accept') lines.push(`expected success, got: ${refusal.message}`)
  if (!(refusal instanceof Error)) lines.push(`what was thrown is no Error: ${refusal}`)
  else if (typeof refusal.code !== 'string' || !Number.isInteger(refusal.offset)) lines.push(`an error without code and offset: ${refusal}`)
  if (replica.takeTold().length > 0) lines.push('a refused update was told')
  requireUnchanged(before, replica, { lines, ...outcome })
}

function requireUnchanged(before, replica, { lines }) {
  const difference = compare(before, pictureOf(replica), 'unchanged ')
  if (difference) lines.push(lineOf(difference))
}

function accepted({ contract, expect, bytes, format }, before, replica, outcome) {
  const { lines, deviations } = outcome
  if (contract === 'error') {
    lines.push('expected an error, got none')
    return
  }
  // It must be possible to write what has been read.
  const reader = new Replica(4243, replica.gc)
  reader.apply(replica.encode())
  reader.apply(replica.encode(true), true)
  if (contract === 'any') return
  if (!expect.changed) requireUnchanged(before, replica, outcome)
  if (!expect.state) return
  const found = []
  const halves = holdsHalf(expect.state)
  compareState('state', expect.state, replica, found, {
    bytes: false,
    alike: halves ? withWholePairs : null,
    deviate: (key = 'text.halves') => deviations.add(key),
  })
  if (found.length > 0 && holdsEqualOrigins(blob(bytes), format === 'v2')) deviations.add('origins.equal')
  else lines.push(...found.map(lineOf))
}

// Is one unit the origin and the right origin of an item?
const holdsEqualOrigins = (bytes, v2) =>
  (v2 ? Itself.decodeUpdateV2 : Itself.decodeUpdate)(bytes).structs.some(
    ({ origin, rightOrigin }) => origin && rightOrigin && Itself.compareIDs(origin, rightOrigin),
  )
