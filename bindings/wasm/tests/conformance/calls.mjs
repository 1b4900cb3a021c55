// Calls: cases that are one pure function (README of the fixtures, section 4).
import * as Y from 'yjs'
import { compare, lineOf, wordsOf } from './compare.mjs'
import { kindOf } from './content.mjs'
import { encodingCalls } from './encoding.mjs'
import { decodeRelativePosition, relativePositionFromJSON } from './positions.mjs'
import { authDenied, readAuth } from './protocols.mjs'
import { Replica } from './replica.mjs'
import { decodeSnapshot } from './snapshots.mjs'
import { compareState } from './states.mjs'
import { compareUpdates, updateIn } from './updates.mjs'
import { base64, blob, fromDeletes, fromJs, fromState } from './values.mjs'

const kClient = 999

// -- updates: each in V1 and, with V2 at the end of its name, in V2 ------------------------------------

const inBothFormats = (name, call) => ({
  [name]: args => call(args, '', updateIn.bind(null, false)),
  [`${name}V2`]: args => call(args, 'V2', updateIn.bind(null, true)),
})

const stateVectorFromUpdate = ({ update }, format) => base64(Y[`encodeStateVectorFromUpdate${format}`](blob(update)))

function updateMeta({ update }, format) {
  const { from, to } = Y[`parseUpdateMeta${format}`](blob(update))
  return { from: fromState(from), to: fromState(to) }
}

function decodeUpdate({ update }, format) {
  const { structs, ds } = Y[`decodeUpdate${format}`](blob(update))
  return { structs: structs.map(fromStruct), ds: fromDeletes(ds) }
}

const idOf = ({ client, clock }) => [client, clock]

function fromStruct(struct) {
  const { id, length, origin, rightOrigin, parent, parentSub } = struct
  const made = { id: idOf(id), length }
  if (struct instanceof Y.GC) return { ...made, kind: 'gc' }
  if (struct instanceof Y.Skip) return { ...made, kind: 'skip' }
  return {
    ...made,
    ...(origin && { origin: idOf(origin) }),
    ...(rightOrigin && { rightOrigin: idOf(rightOrigin) }),
    ...(typeof parent === 'string' ? { parentRoot: parent } : parent && { parentId: idOf(parent) }),
    ...(parentSub != null && { parentSub }),
    ...fromContent(struct.content),
  }
}

function fromContent(content) {
  if (content instanceof Y.ContentDeleted) return { kind: 'deleted' }
  if (content instanceof Y.ContentString) return { kind: 'string', text: content.str }
  if (content instanceof Y.ContentBinary) return { kind: 'binary', value: fromJs(content.content) }
  if (content instanceof Y.ContentAny) return { kind: 'any', values: content.arr.map(fromJs) }
  if (content instanceof Y.ContentJSON) return { kind: 'json', values: content.arr.map(fromJs) }
  if (content instanceof Y.ContentEmbed) return { kind: 'embed', value: fromJs(content.embed) }
  if (content instanceof Y.ContentFormat) return { kind: 'format', key: content.key, value: fromJs(content.value) }
  if (content instanceof Y.ContentType) return { kind: 'type', type: kindOf(content.type) }
  return { kind: 'doc', guid: content.doc.guid }
}

// Results that are updates are compared as what they do to a document.
const kUpdateCalls = {
  ...inBothFormats('mergeUpdates', ({ updates }, format, update) => update(Y[`mergeUpdates${format}`](updates.map(blob)))),
  ...inBothFormats('diffUpdate', ({ update: given, sv }, format, update) => update(Y[`diffUpdate${format}`](blob(given), blob(sv)))),
  convertV1ToV2: ({ update }) => updateIn(true, Y.convertUpdateFormatV1ToV2(blob(update))),
  convertV2ToV1: ({ update }) => updateIn(false, Y.convertUpdateFormatV2ToV1(blob(update))),
}

// -- the others -----------------------------------------------------------------------------------

const kCalls = {
  ...encodingCalls,
  ...inBothFormats('stateVectorFromUpdate', stateVectorFromUpdate),
  ...inBothFormats('updateMeta', updateMeta),
  ...inBothFormats('decodeUpdate', decodeUpdate),
  encodeStateVector: ({ sv }) => base64(Y.encodeStateVector(new Map(sv))),
  decodeStateVector: ({ bytes }) => fromState(Y.decodeStateVector(blob(bytes))),
  decodeSnapshot,
  decodeRelativePosition,
  relativePositionFromJSON,
  authDenied,
  readAuth,
}

function applyToEmpty({ roots, format, updates, gc = true }, result, found) {
  const replica = new Replica(kClient, gc)
  for (const [root, kind] of Object.entries(roots)) replica.define(root, kind)
  for (const update of updates) replica.apply(blob(update), format === 'v2')
  const deviations = new Set()
  if (result) compareState('', result, replica, found, { deviate: key => deviations.add(key) })
  return deviations
}

// What is left to a stricter reader: Yjs reads zeros past the end of the input, and a position of an
// unknown kind as one that names nothing and at which it throws later.
const kMayRefuse = { decodeRelativePosition: 'BwA=', readAny: 'fQ==' }

function callAndCompare({ fn, args, expect }, found) {
  const expected = expect.result
  if (fn === 'applyToEmpty') return applyToEmpty(args, expected, found)
  if (fn in kUpdateCalls) {
    const got = kUpdateCalls[fn](args)
    if (expected !== undefined) compareUpdates('', null, true, { ...got, bytes: blob(expected) }, got, found)
  } else {
    if (!(fn in kCalls)) throw new Error(`unknown function ${fn}`)
    const got = kCalls[fn](args)
    const difference = expected === undefined ? null : compare(expected, got)
    if (difference) found.push(difference)
  }
  return new Set()
}

// { lines: what differs, deviations }
export function runCall(one) {
  const { fn, args, expect } = one
  const found = []
  let deviations
  try {
    deviations = callAndCompare(one, found)
  } catch (error) {
    if (expect.error) return { lines: [], deviations: new Set() }
    if (fn in kMayRefuse && kMayRefuse[fn] === args.bytes) return { lines: [], deviations: new Set([fn]) }
    return { lines: [`expected a result, got: ${wordsOf(error)}`], deviations: new Set() }
  }
  if (expect.error) return { lines: ['expected an error, got none'], deviations }
  return { lines: found.map(difference => `result${lineOf(difference)}`), deviations }
}
