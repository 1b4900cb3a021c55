// Level 3: update bytes against those of Yjs.
//
// Yjs writes its items where it happened to cut them; Ropewalk writes no cuts. So bytes that differ are
// compared after both have been read by fresh documents and written again, which forgets cuts and
// nothing else: ids, origins, keys, contents, deletions and what waits all show in the second writing.
// An update that builds on earlier ones is read on top of the state before it. Two readers judge: the
// package itself, and Yjs. That alone would not notice an update that repeats what the document has, or
// leaves out what follows from the rest; so the ids that the two updates carry and delete must be the
// same, too. Ours is never the longer one.
import * as Y from 'yjs'
import * as Itself from 'yjs-itself'
import { compare, show } from './compare.mjs'
import { kReader } from './replica.mjs'
import { base64, fromDeletes, fromJs } from './values.mjs'

// { bytes, v2 }
export const inV1 = bytes => ({ bytes, v2: false })
export const inV2 = bytes => ({ bytes, v2: true })
export const updateIn = (v2, bytes) => ({ bytes, v2 })

const sameBytes = (a, b) => Buffer.compare(a, b) === 0

function load(engine, updates, gc) {
  const doc = new engine.Doc({ gc })
  doc.clientID = kReader
  for (const { bytes, v2 } of updates) {
    const apply = v2 ? engine.applyUpdateV2 : engine.applyUpdate
    apply(doc, bytes)
  }
  return doc
}

// As a document of the package has read and written it, in V2, which can say all that V1 can.
const rewritten = (updates, gc) => base64(Y.encodeStateAsUpdateV2(load(Y, updates, gc)))

// As a document of Yjs has, unit by unit: what waits is written as it came.
function unitsInYjs(updates, gc) {
  const { structs, ds } = Itself.decodeUpdate(Itself.encodeStateAsUpdate(load(Itself, updates, gc)))
  return { units: structs.filter(struct => !(struct instanceof Itself.Skip)).flatMap(unitsOf).sort(), deleted: united(deletedIn(ds)) }
}

const idText = id => (id ? `${id.client}:${id.clock}` : '-')

// A line for each unit of a struct; the first one has the struct's origin, the others have the one before.
function unitsOf(struct) {
  const { id, length } = struct
  if (struct instanceof Itself.GC) return Array.from({ length }, (_, i) => `${id.client}:${id.clock + i} gc`)
  const parent = typeof struct.parent === 'string' ? JSON.stringify(struct.parent) : idText(struct.parent)
  const place = struct.origin || struct.rightOrigin ? '' : ` in ${parent} ${struct.parentSub ?? ''}`
  return contentOf(struct.content).map((content, i) => {
    const origin = i === 0 ? idText(struct.origin) : idText({ client: id.client, clock: id.clock + i - 1 })
    return `${id.client}:${id.clock + i} ${origin} ${idText(struct.rightOrigin)}${i === 0 ? place : ''} ${content}`
  })
}

function contentOf(content) {
  const kind = content.constructor.name
  const values = content instanceof Itself.ContentString ? content.str.split('') : content.arr
  if (values) return values.map(value => `${kind} ${show(fromJs(value), Infinity)}`)
  if (content instanceof Itself.ContentDeleted) return Array.from({ length: content.len }, () => kind)
  const { type, doc, opts, ...plain } = content
  return [`${kind} ${type ? `${type.constructor.name} ${type.nodeName ?? type.hookName ?? ''}` : doc ? doc.guid : show(fromJs(plain), Infinity)}`]
}

const deletedIn = ds => fromDeletes(ds).flatMap(([client, ranges]) => ranges.map(([clock, length]) => [client, clock, clock + length]))

// The ids that an update carries and those that it deletes.
function reachOf({ bytes, v2 }) {
  const { structs, ds } = (v2 ? Itself.decodeUpdateV2 : Itself.decodeUpdate)(bytes)
  const carried = structs.filter(one => !(one instanceof Itself.Skip)).map(({ id, length }) => [id.client, id.clock, id.clock + length])
  return { carried: united(carried), deleted: united(deletedIn(ds)) }
}

// [client, start, end] of ranges that neither overlap nor touch.
function united(ranges) {
  const joined = []
  for (const [client, start, end] of ranges.sort((a, b) => a[0] - b[0] || a[1] - b[1])) {
    const last = joined.at(-1)
    if (last?.[0] === client && start <= last[2]) last[2] = Math.max(last[2], end)
    else joined.push([client, start, end])
  }
  return joined
}

function compareSizes(where, expected, got, found) {
  const theirs = expected.bytes.length
  const most = expected.v2 ? theirs + Math.floor(theirs / 20) + 16 : theirs
  if (got.bytes.length > most) found.push({ where: `${where}, size`, expected: `at most ${most} bytes`, got: got.bytes.length })
}

function note(found, where, difference) {
  if (difference) found.push({ ...difference, where: where + difference.where })
}

function compareNormals(where, before, gc, expected, got, found) {
  const [theirs, ours] = [expected, got].map(update => [...before, update])
  try {
    note(found, `${where} as read and written again`, compare(rewritten(theirs, gc), rewritten(ours, gc)))
    note(found, `${where} as Yjs reads it`, compare(unitsInYjs(theirs, gc), unitsInYjs(ours, gc)))
  } catch (error) {
    found.push({ where, expected: 'readable updates', got: error.message })
  }
}

// Two updates that should do the same to a document whose state is `before`, in V2.
export function compareUpdates(where, before, gc, expected, got, found) {
  if (sameBytes(expected.bytes, got.bytes)) return
  compareSizes(where, expected, got, found)
  compareNormals(where, before ? [inV2(before)] : [], gc, expected, got, found)
  note(found, `${where}, ids`, compare(reachOf(expected), reachOf(got)))
}

// A whole document: what it is to encode as its state, and what it does.
export function compareStates(where, gc, expected, got, found) {
  if (sameBytes(expected.bytes, got.bytes)) return
  compareSizes(where, expected, got, found)
  compareNormals(where, [], gc, expected, got, found)
}
