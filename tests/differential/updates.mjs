// Updates as values: what Yjs's functions make of them without a document, and what ours make.
import * as Y from 'yjs'
import { Difference, sameBytes, sameState, stateOf } from './compare.mjs'
import { applyUpdate, asV2, updateToken } from './formats.mjs'
import { hex, unhex } from './values.mjs'

const inFormat = (update, v2) => {
  if (Boolean(update.v2) === v2) return update
  return v2 ? asV2(Y.convertUpdateFormatV1ToV2(update)) : Y.convertUpdateFormatV2ToV1(update)
}
const inV1 = update => inFormat(update, false)
const tagged = (bytes, v2) => Object.assign(bytes, { v2 })

function documentOf(...updates) {
  const doc = new Y.Doc({ guid: '-' })
  for (const update of updates) applyUpdate(doc, update)
  return doc
}

// What is in an update besides its content, a struct a line.
function skeleton(update) {
  const { structs, ds } = Y.decodeUpdate(inV1(update))
  const id = one => (one ? `${one.client}:${one.clock}` : '-')
  const lines = structs.map(one =>
    [id(one.id), one.length, one.content?.constructor.name ?? one.constructor.name, id(one.origin), id(one.rightOrigin)].join(' '),
  )
  const deletes = [...ds.clients].map(([client, ranges]) => `${client} ${ranges.map(r => `${r.clock}+${r.len}`).sort()}`)
  return [...lines, ...deletes.sort()].join('; ')
}

function unitsOf(updates, counts) {
  const units = new Set()
  for (const one of updates.flatMap(update => Y.decodeUpdate(inV1(update)).structs)) {
    if (!counts(one)) continue
    for (let i = 0; i < one.length; i++) units.add(`${one.id.client}:${one.id.clock + i}`)
  }
  return units
}
export const collected = (...updates) => unitsOf(updates, one => one instanceof Y.GC)
// Units without content.
export const forgotten = (...updates) => unitsOf(updates, one => one instanceof Y.GC || one.content instanceof Y.ContentDeleted)

export const sameUnits = (a, b) => a.size === b.size && [...a].every(unit => b.has(unit))

// Everything that was deleted, as a string.
export function deletions(update) {
  const { ds } = Y.decodeUpdate(inV1(update))
  const lines = [...ds.clients].map(([client, ranges]) => {
    const joined = []
    for (const { clock, len } of ranges.toSorted((a, b) => a.clock - b.clock)) {
      const last = joined.at(-1)
      if (last && last[1] >= clock) last[1] = Math.max(last[1], clock + len)
      else joined.push([clock, clock + len])
    }
    return `${client}: ${joined.join(' ')}`
  })
  return lines.sort().join('; ')
}

// Everything that was said, in any order; `some` of it lacks a part, so there are holes.
export class UpdateChecks {
  constructor(ask, rng, roots, stores) {
    this.stores = stores
    this.ask = ask
    this.rng = rng
    this.roots = roots
  }

  async ours(verb, v2, ...words) {
    return tagged(unhex(await this.ask([verb, v2 ? 2 : 1, ...words].join(' '))), v2)
  }

  same(theirs, ours, what, ...more) {
    const [a, b] = [theirs, ours].map(update => stateOf(documentOf(update, ...more), this.roots))
    sameState(a, b, `${what} by Yjs`, `${what} by Ropewalk`, 'updates')
  }

  async merged(updates, v2, collect) {
    const list = updates.map(update => hex(inFormat(update, v2)))
    return this.ours('merge', v2, collect ? 1 : 0, ...list)
  }

  async run(updates, state) {
    if (updates.length < 2) return
    // Not all that was said has been heard by anyone.
    const complete = Y.encodeStateAsUpdate(documentOf(state, ...updates))
    const shuffled = this.rng.shuffle([...updates])
    const v2 = this.rng.chance(0.5)
    const some = shuffled.filter(() => this.rng.chance(0.6))
    if (some.length < 2) return

    // A merge with holes, what waits in it, and the rest.
    const yjs = (list, bytes = list.map(update => inFormat(update, v2))) =>
      tagged(v2 ? Y.mergeUpdatesV2(bytes) : Y.mergeUpdates(bytes), v2)
    const [theirs, ours] = [yjs(some), await this.merged(some, v2, false)]
    this.same(theirs, ours, 'merge and the rest', complete)
    // Where one update has GC and another still has items Yjs takes what its sort happens to put in
    // front. It shows where nothing says that it is deleted.
    const [goneTheirs, goneOurs, gone] = [forgotten(theirs), forgotten(ours), forgotten(...some)]
    if ([...goneOurs].some(unit => !gone.has(unit))) throw new Difference('updates', 'a merge forgets what all still have')
    if (sameUnits(goneOurs, goneTheirs)) this.same(theirs, ours, 'merge')
    const alike = sameUnits(collected(ours), collected(theirs))
    if (alike) sameBytes(skeleton(theirs), skeleton(ours), 'merge by Yjs', 'merge by Ropewalk', 'updates')
    if (alike && ours.length > theirs.length) {
      throw new Difference('updates', `a merge of ${ours.length} bytes, Yjs writes ${theirs.length}\n    ${hex(ours)}\n    ${hex(theirs)}`)
    }

    const [metaTheirs, metaOurs] = [theirs, ours].map(update => {
      const meta = (v2 ? Y.parseUpdateMetaV2 : Y.parseUpdateMeta)(update)
      return JSON.stringify([[...meta.from].sort(), [...meta.to].sort()])
    })
    sameBytes(metaTheirs, metaOurs, 'clocks merged by Yjs', 'by Ropewalk', 'updates')
    const vector = (v2 ? Y.encodeStateVectorFromUpdateV2 : Y.encodeStateVectorFromUpdate)(theirs)
    sameBytes(hex(vector), hex(await this.ours('vector', v2, hex(theirs))), 'Yjs', 'Ropewalk', 'updates')

    await this.collected(some, ours, complete, v2)
    if (this.stores) await this.inStorage(complete, v2)

    // What somebody lacks who knows a part.
    const known = documentOf(ours)
    const sv = Y.encodeStateVector(known)
    const all = inFormat(complete, v2)
    const diffs = [
      tagged((v2 ? Y.diffUpdateV2 : Y.diffUpdate)(all, sv), v2),
      await this.ours('diff', v2, hex(sv), hex(all)),
    ]
    sameBytes(skeleton(diffs[0]), skeleton(diffs[1]), 'diff by Yjs', 'diff by Ropewalk', 'updates')
    this.same(diffs[0], diffs[1], 'diff', ours)
    this.same(diffs[1], complete, 'diff and a whole', ours)

    // Both formats, and shown to strangers.
    const converted = tagged(await this.ours('convert', v2, hex(ours)), !v2)
    sameBytes(hex(inV1(ours)), hex(inV1(converted)), 'converted by Yjs', 'by Ropewalk', 'updates')
    const hidden = await this.ours('obfuscate', v2, hex(ours))
    sameBytes(skeleton(ours), skeleton(hidden), 'update', 'obfuscated', 'updates')
  }

  // Yjs has no such merge: it must do what the plain one does, with the rest as without it.
  async collected(some, plain, complete, v2) {
    const bytes = await this.merged(some, v2, true)
    // What has become GC waits for nothing.
    const [before, after] = [plain, bytes].map(update => documentOf(update))
    const ahead = [...after.store.clients.keys()].some(id => Y.getState(after.store, id) > Y.getState(before.store, id))
    if (!ahead) this.same(plain, bytes, 'collected')
    this.same(plain, bytes, 'collected and the rest', complete)
    const whole = await this.merged([...some, complete], v2, true)
    const [a, b] = [complete, whole].map(update => hex(Y.encodeStateAsUpdate(documentOf(update))))
    sameBytes(a, b, 'Yjs after the whole', 'Yjs after what was collected', 'updates')
    sameBytes(updateToken(whole), updateToken(await this.merged([whole], v2, true)), 'collected', 'collected twice', 'updates')
  }

  // Compacted, from a container, and in an epoch of new ids: a document of Yjs shows the same.
  async inStorage(complete, v2) {
    const whole = inFormat(complete, v2)
    const compacted = await this.ours('compact', v2, hex(whole))
    const stored = await this.ours('store', v2, hex(whole))
    this.same(complete, compacted, 'compacted')
    this.same(complete, stored, 'stored')
    for (const update of [compacted, stored]) {
      const [a, b] = [complete, update].map(one => deletions(Y.encodeStateAsUpdate(documentOf(one))))
      sameBytes(a, b, 'deletions in Yjs', 'when it was stored', 'updates')
    }
    // An epoch begins with all that is known, and what waits would be unknown.
    if (documentOf(complete).store.pendingStructs !== null) return
    const renumbered = await this.ours('renumber', v2, this.rng.below(1 << 30), hex(whole))
    const [a, b] = [complete, renumbered].map(one => stateOf(documentOf(one), this.roots).replace(/^\w+ /, '00 '))
    sameState(a, b, 'before', 'in a new epoch', 'updates')
  }
}
