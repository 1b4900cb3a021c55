// The steps that make and look at snapshots: snapshot, snapshot.*
import * as Y from 'yjs'
import { compare } from './compare.mjs'
import { fromDelta, read } from './content.mjs'
import { kReader, Replica } from './replica.mjs'
import { base64, blob, fromDeletes, fromState } from './values.mjs'

export class SnapshotSteps {
  names = /^snapshot/
  #kept = new Map()

  constructor(script) {
    this.script = script
  }

  run(step, expect) {
    const { script } = this
    const replica = step.doc && script.replica(step.doc)
    switch (step.do) {
      case 'snapshot':
        return this.#make(replica, step, expect)
      case 'snapshot.equal':
        return script.check('equal', expect.equal, Y.equalSnapshots(this.#kept.get(step.a), this.#kept.get(step.b)))
      case 'snapshot.contains':
        return script.check('contains', expect.contains, Y.snapshotContainsUpdate(this.#kept.get(step.id), blob(step.update)))
      case 'snapshot.restore':
        return this.#restore(replica, step, expect)
      case 'snapshot.view':
        return this.#view(replica, step, expect)
      case 'snapshot.attributes':
        return this.#attributes(replica, step, expect)
    }
    throw new Error('unknown step')
  }

  #make(replica, { id }, expect) {
    const made = Y.snapshot(replica.doc)
    const [v1, v2] = [Y.encodeSnapshot(made), Y.encodeSnapshotV2(made)]
    this.script.check('v1', expect.v1, base64(v1))
    this.script.check('v2', expect.v2, base64(v2))
    this.script.check('sv', expect.sv, fromState(made.sv))
    this.script.check('ds', expect.ds, fromDeletes(made.ds))
    for (const read of [Y.decodeSnapshot(v1), Y.decodeSnapshotV2(v2)]) {
      this.script.check('our own bytes', true, Y.equalSnapshots(made, read))
    }
    this.#kept.set(id, made)
  }

  #restore(replica, { id }, expect) {
    let restored = null
    try {
      restored = this.#restored(replica, this.#kept.get(id))
    } catch (error) {
      if (!expect.error) throw error
      return
    }
    if (expect.error) this.script.found.push({ where: '', expected: 'an error', got: 'none' })
    else this.script.compareState(' .state', expect.state, restored)
  }

  #restored({ doc }, snapshot) {
    const restored = new Replica(kReader - 1, true)
    Y.createDocFromSnapshot(doc, snapshot, restored.doc)
    for (const [root, kind] of Object.entries(this.script.one.roots)) restored.define(root, kind)
    return restored
  }

  #view(replica, { path, id, prev }, expect) {
    const delta = replica.find(path).toDelta(this.#kept.get(id), prev && this.#kept.get(prev))
    this.script.check('delta', expect.delta, fromDelta(delta))
  }

  #attributes(replica, { path, id }, expect) {
    const snapshot = this.#kept.get(id)
    const attributesOf = type => ({ attrs: Object.entries(type).map(([key, value]) => [key, read(value)]) })
    const got = attributesOf(replica.find(path).getAttributes(snapshot))
    if (!compare({ attrs: expect.attrs }, got)) return
    // Then they must be those of a document restored from the snapshot.
    this.script.deviations.add('snapshot.attributes')
    this.script.check('attrs', attributesOf(this.#restored(replica, snapshot).find(path).getAttributes()), got)
  }
}

// -- calls ------------------------------------------------------------------------------------------

export function decodeSnapshot({ bytes, format }) {
  const { sv, ds } = (format === 'v2' ? Y.decodeSnapshotV2 : Y.decodeSnapshot)(blob(bytes))
  return { sv: fromState(sv), ds: fromDeletes(ds) }
}
