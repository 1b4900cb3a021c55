// Scripts: cases with steps (README of the fixtures, section 2), replayed twice. Once with the bytes that
// Yjs wrote delivered to our documents, once with our own.
import { stopClock } from '../support/clock.mjs?shared'
import { compare, lineOf, wordsOf } from './compare.mjs'
import { read } from './content.mjs'
import { compareEvents } from './events.mjs'
import { failsByAccident, leavesPairs } from './ops.mjs'
import { PositionSteps } from './positions.mjs'
import { ProtocolSteps } from './protocols.mjs'
import { kReader, Replica } from './replica.mjs'
import { SnapshotSteps } from './snapshots.mjs'
import { compareAlike, compareState } from './states.mjs'
import { UndoSteps } from './undo.mjs'
import { compareUpdates, updateIn } from './updates.mjs'
import { blob, holdsHalf, withBrokenPairs, withJoinedInserts } from './values.mjs'
import * as Y from 'yjs'

// What follows a difference differs, too.
const kShownDifferences = 4
const kStartOfTime = 1_700_000_000_000

const isV2 = step => step.format === 'v2'

export class Script {
  constructor(one, ownBytes) {
    this.one = one
    this.ownBytes = ownBytes
    this.deviations = new Set()
    this.found = []
    this.told = new Map()
    this.breaksPairs = breaksPairsSilently(one)
    this.halves = makesHalves(one)
    this.looked = false // Yjs has deleted marks by looking at an event
    this.compareBytes = !one.deltaSideEffect && !one.markersMatter
    this.replicas = new Map(Object.entries(one.docs).map(([name, given]) => [name, this.#replica(given)]))
    this.groups = [new UndoSteps(this), new PositionSteps(this), new SnapshotSteps(this), new ProtocolSteps(this)]
  }

  #replica({ client, gc = true, roots = this.one.roots }) {
    const replica = new Replica(client, gc, this.one.events)
    for (const [root, kind] of Object.entries(roots)) replica.define(root, kind)
    return replica
  }

  // What differs, a line each.
  run() {
    const lines = []
    for (const [number, step] of this.one.steps.entries()) {
      this.found = []
      try {
        this.#runStep(number, step, step.expect ?? {})
        if (this.one.events) this.#compareToldEvents(step)
        this.#compareToldSubdocs(step)
      } catch (error) {
        this.found.push({ where: '', expected: 'the step to run', got: wordsOf(error) })
      }
      const whose = this.ownBytes ? 'own' : 'recorded'
      lines.push(...this.found.map(one => `${whose} bytes, step ${number} (${step.do})${lineOf(one)}`))
      if (lines.length >= kShownDifferences) break
    }
    for (const replica of this.replicas.values()) {
      for (const key of replica.deviations) this.deviations.add(key)
      replica.doc.destroy()
    }
    return lines.slice(0, kShownDifferences)
  }

  // -- for groups of steps ------------------------------------------------------------------------

  replica(name) {
    const replica = this.replicas.get(name)
    if (!replica) throw new Error(`no document ${name}`)
    return replica
  }

  check(what, expected, got) {
    const difference = compareAlike(expected, got, ` ${what}`, this.#alike(), () => this.#deviate())
    if (difference) this.found.push(difference)
  }

  // What a step told: our own, or what was recorded.
  updatesOf(step, v2 = false) {
    const updates = this.ownBytes ? this.told.get(step) : this.one.steps[step].expect.updates
    return updates.map(update => update[v2 ? 'v2' : 'v1']).map(update => (this.ownBytes ? update : blob(update)))
  }

  // What a document has told, against what Yjs emitted. `before`: its state then, in V2.
  compareTold(replica, before, { updates }, told = replica.takeTold()) {
    if (!updates) return
    if (updates.length !== told.length && this.one.deltaSideEffect) this.looked = true
    if (this.looked) {
      if (updates.length > told.length) this.deviations.add('events.looking')
      return
    }
    if (updates.length !== told.length) {
      this.found.push({ where: ' updates', expected: `${updates.length} updates`, got: told.length })
      return
    }
    let state = before
    for (const [i, theirs] of updates.entries()) {
      this.check(`updates[${i}].remote`, theirs.remote ?? false, told[i].remote)
      for (const format of ['v1', 'v2']) {
        if (!(format in theirs)) continue
        const inFormat = bytes => updateIn(format === 'v2', bytes)
        this.#compareBytes(found =>
          compareUpdates(` updates[${i}].${format}`, state, replica.gc, inFormat(blob(theirs[format])), inFormat(told[i][format]), found),
        )
      }
      if (i + 1 < updates.length) state = joined(state, told[i].v2, replica.gc)
    }
  }

  // Bytes of what differs on purpose differ, too.
  #compareBytes(compareThem) {
    if (!this.compareBytes) return
    const found = []
    compareThem(found)
    if (found.length > 0 && this.#alike()) this.#deviate()
    else this.found.push(...found)
  }

  #alike() {
    if (this.looked) return withJoinedInserts
    return this.breaksPairs || this.halves ? withBrokenPairs : null
  }

  #deviate(key = null) {
    if (key) this.deviations.add(key)
    else if (this.looked) this.deviations.add('events.looking')
    else this.deviations.add(this.halves ? 'text.halves' : 'text.pairs')
  }

  compareState(where, expected, replica, bytes = true) {
    const strictly = []
    const loosely = []
    const alike = this.#alike()
    compareState(where, expected, replica, strictly, { bytes: bytes && this.compareBytes, deviate: key => this.#deviate(key) })
    if (strictly.length === 0 || !alike) {
      this.found.push(...strictly)
      return
    }
    compareState(where, expected, replica, loosely, { bytes: false, alike, deviate: key => this.#deviate(key) })
    if (loosely.length === 0) this.#deviate()
    this.found.push(...loosely)
  }

  // -- steps --------------------------------------------------------------------------------------

  #runStep(number, step, expect) {
    const group = this.groups.find(({ names }) => names.test(step.do))
    if (step.do.startsWith('um.')) this.#telling(number, step, expect, () => group.run(step, expect))
    else if (group) group.run(step, expect)
    else this.#plainStep(number, step, expect)
  }

  #plainStep(number, step, expect) {
    switch (step.do) {
      case 'tx':
        return this.#telling(number, step, expect, replica => this.#transact(replica, step, expect))
      case 'deliver':
        return this.#apply(this.replica(step.to), this.updatesOf(step.of, isV2(step)), isV2(step), expect)
      case 'apply':
        return this.#apply(this.replica(step.doc), [blob(step.update)], isV2(step), expect)
      case 'sync':
        return this.#sync(step, expect)
      case 'check':
        return this.compareState(' .state', expect.state, this.replica(step.doc))
      case 'converged':
        return this.#converged(step, expect)
      case 'define':
        return this.replica(step.doc).define(step.root, step.type)
      case 'slice': {
        const array = this.replica(step.doc).find(step.path)
        return this.check('values', expect.values, array.slice(step.start, step.end ?? undefined).map(read))
      }
      case 'get':
        return this.check('value', expect.value, read(this.replica(step.doc).find(step.path).get(step.at)))
    }
    throw new Error('unknown step')
  }

  #telling(number, step, expect, act) {
    const replica = this.replica(step.doc)
    const before = replica.encode(true)
    act(replica)
    this.told.set(number, replica.takeTold())
    this.compareTold(replica, before, expect, this.told.get(number))
    if (expect.state) this.compareState(' .state', expect.state, replica, false)
  }

  #transact(replica, { ops, origin = null }, expect) {
    let failed = null
    try {
      replica.doc.transact(() => {
        for (const op of ops) {
          const accident = expect.error && failsByAccident(replica.find(op.path), op)
          replica.run(op)
          if (leavesPairs(replica.find(op.path), op)) this.breaksPairs = true
          if (accident) {
            this.deviations.add('text.delete')
            throw new Error('the end that Yjs comes to')
          }
        }
      }, origin)
    } catch (error) {
      failed = error
    }
    if (failed && !expect.error) throw failed
    if (expect.error && !failed) this.found.push({ where: '', expected: 'an error', got: 'none' })
  }

  #apply(to, updates, v2, expect) {
    const before = to.encode(true)
    for (const update of updates) to.apply(update, v2)
    this.compareTold(to, before, expect)
  }

  #sync({ from, to, format }, expect) {
    const [source, target, v2] = [this.replica(from), this.replica(to), format === 'v2']
    const known = Y.encodeStateVector(target.doc)
    if (expect.sv !== undefined) this.#compareBytes(found => note(found, ' sv', [...blob(expect.sv)], [...known]))
    let update = source.encode(v2, known)
    if (expect.diff !== undefined) {
      const recorded = blob(expect.diff)
      this.#compareBytes(found =>
        compareUpdates(' diff', target.encode(true), target.gc, updateIn(v2, recorded), updateIn(v2, update), found),
      )
      if (!this.ownBytes) update = recorded
    }
    this.#apply(target, [update], v2, expect)
  }

  #converged({ docs }, expect) {
    const alike = this.breaksPairs ? withBrokenPairs : value => value
    const [first, ...others] = docs.map(name => this.replica(name)).map(one => ({ content: alike(one.content()), sv: one.stateVector() }))
    const difference = others.reduce((found, other) => found ?? compare(first, other), null)
    if (expect.equal === (difference === null)) return
    if (difference) this.found.push({ ...difference, where: ` between documents${difference.where}` })
    // Else it is better than Yjs.
    else if (!this.breaksPairs) this.found.push({ where: '', expected: 'different documents', got: 'equal ones' })
    else this.#deviate()
  }

  // -- what was told, by the document that acts: of others nothing is ----------------------------------

  #compareToldEvents(step) {
    const acting = step.doc ?? step.to
    for (const [name, replica] of this.replicas) {
      const expected = name === acting ? (step.expect?.events ?? []) : []
      const told = replica.events.take()
      const difference = this.looked ? null : compareEvents(expected, told)
      if (difference) this.found.push({ ...difference, where: ` events of ${name} ${difference.where}` })
    }
  }

  #compareToldSubdocs(step) {
    const acting = step.doc ?? step.to
    for (const [name, replica] of this.replicas) {
      const expected = name === acting ? (step.expect?.subdocs ?? []) : []
      const told = replica.subdocs.splice(0)
      const strict = compare(expected, told, ` sub-documents of ${name}`)
      const once = withoutRepeats(expected)
      if (!strict) continue
      if (once.length < expected.length && !compare(once, told)) this.deviations.add('subdocs.removed')
      else this.found.push(strict)
    }
  }
}

function note(found, where, expected, got) {
  const difference = compare(expected, got, where)
  if (difference) found.push(difference)
}

// Yjs destroys the instances of what was removed, each in a transaction of its own that tells again that
// it was removed.
function withoutRepeats(events) {
  const repeats = [] // still to come
  return events.filter(({ added, removed, loaded }) => {
    const at = removed.length === 1 && added.length + loaded.length === 0 ? repeats.indexOf(removed[0]) : -1
    if (at >= 0) repeats.splice(at, 1)
    else repeats.push(...removed)
    return at < 0
  })
}

function joined(before, update, gc) {
  const reader = new Replica(kReader + 1, gc)
  reader.apply(before, true)
  reader.apply(update, true)
  return reader.encode(true)
}

// Whether Yjs breaks a surrogate pair without telling others, so that its documents end up different.
const breaksPairsSilently = ({ steps }) => steps.some(step => step.do === 'converged' && !step.expect.equal)

// Whether an attribute or an embed that the case makes holds half a surrogate pair.
const makesHalves = ({ steps }) =>
  steps.some(({ ops = [] }) => ops.some(({ op, attrs, value }) => holdsHalf(attrs) || (op === 'text.embed' && holdsHalf(value))))

// { lines: what differs, deviations }
export function runScript(one) {
  const deviations = new Set()
  for (const ownBytes of [false, true]) {
    stopClock(kStartOfTime)
    const script = new Script(one, ownBytes)
    const lines = script.run()
    stopClock(null)
    for (const key of script.deviations) deviations.add(key)
    if (lines.length > 0) return { lines, deviations }
  }
  return { lines: [], deviations }
}
