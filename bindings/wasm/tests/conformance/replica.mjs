// A document of a case: its roots, what it has told, and its state.
import * as Y from 'yjs'
import { kTypes, make, read } from './content.mjs'
import { EventLog } from './events.mjs'
import { runOp, unitsOf } from './ops.mjs'
import { fromDeletes, fromState } from './values.mjs'

// Nobody writes under this one, so that reading does not change a document.
export const kReader = 0x1fabcdef012345

export class Replica {
  constructor(client, gc, observed = false) {
    this.doc = new Y.Doc({ gc })
    this.doc.clientID = client
    this.gc = gc
    this.kinds = new Map()
    this.deviations = new Set()
    this.events = observed ? new EventLog() : null
    this.told = []
    this.subdocs = []
    // V2 is told right after V1.
    this.doc.on('update', (v1, _origin, _doc, transaction) => this.told.push({ v1, v2: null, remote: !transaction.local }))
    this.doc.on('updateV2', v2 => {
      this.told.at(-1).v2 = v2
    })
    this.doc.on('subdocs', changes => this.subdocs.push(guidsOf(changes)))
  }

  // -- roots and paths ----------------------------------------------------------------------------

  define(root, kind) {
    const type = this.doc.get(root, kTypes[kind])
    this.kinds.set(root, kind)
    this.events?.observe(root, type)
  }

  // What a path leads to.
  find([root, ...steps]) {
    let at = this.doc.get(root, kTypes[this.kinds.get(root)])
    for (const step of steps) at = stepInto(at, step)
    return at
  }

  run(op) {
    runOp(this.find(op.path), op, this.deviations)
  }

  // -- state --------------------------------------------------------------------------------------

  content() {
    return Object.fromEntries([...this.doc.share].map(([name, type]) => [name, read(type)]))
  }

  stateVector() {
    return fromState(Y.decodeStateVector(Y.encodeStateVector(this.doc)))
  }

  // Without its bytes.
  state() {
    const printed = [...this.kinds].filter(([, kind]) => kind !== 'array' && kind !== 'map')
    return {
      roots: this.content(),
      strings: Object.fromEntries(printed.map(([name]) => [name, this.find([name]).toString()])),
      sv: this.stateVector(),
      ...this.#pending(),
    }
  }

  #pending() {
    const { pendingStructs, pendingDs } = this.doc.store
    return {
      ...(pendingStructs && { pendingMissing: fromState(pendingStructs.missing) }),
      ...(pendingDs && { pendingDeletes: fromDeletes(Y.decodeUpdateV2(pendingDs).ds) }),
    }
  }

  // -- updates ------------------------------------------------------------------------------------

  encode(v2 = false, known = undefined) {
    return (v2 ? Y.encodeStateAsUpdateV2 : Y.encodeStateAsUpdate)(this.doc, known)
  }

  apply(update, v2 = false) {
    const apply = v2 ? Y.applyUpdateV2 : Y.applyUpdate
    apply(this.doc, update, 'remote')
  }

  // Changes that the document has told since the last call.
  takeTold() {
    return this.told.splice(0)
  }
}

function stepInto(at, step) {
  if (at instanceof Y.Map) return at.get(step)
  if (typeof step === 'string') return at.getAttribute(step)
  return at instanceof Y.Text ? embedAt(at, step) : at.get(step)
}

export function embedAt(text, index) {
  let at = 0
  for (const { insert } of text.toDelta()) {
    if (at === index) return insert
    at += unitsOf(insert)
  }
  throw new Error(`nothing is embedded at ${index}`)
}

const guidsOf = changes =>
  Object.fromEntries(['added', 'removed', 'loaded'].map(name => [name, [...changes[name]].map(doc => doc.guid).sort()]))
