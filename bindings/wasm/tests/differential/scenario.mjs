// A random history of tests/differential as one engine lives through it: everything that a program can see
// of it, in the order in which it is told. Both engines must see the same.
import * as Y from 'yjs'
import { show } from '../../../../tests/differential/compare.mjs'
import { doEdit, rootOf } from '../../../../tests/differential/edits.mjs'
import { deltaOf } from '../../../../tests/differential/events.mjs'
import { makeHistory } from '../../../../tests/differential/history.mjs'
import { Rng } from '../../../../tests/differential/rng.mjs'
import { hex, hexText } from '../../../../tests/differential/values.mjs'

const kDocEvents = [
  'beforeAllTransactions', 'beforeTransaction', 'beforeObserverCalls', 'afterTransaction', 'afterTransactionCleanup', 'update', 'updateV2',
  'afterAllTransactions', 'destroy',
]
const kTypes = ['XmlText', 'Text', 'XmlHook', 'Map', 'XmlElement', 'XmlFragment', 'Array']
const nameOf = type => kTypes.find(name => type instanceof Y[name]) ?? 'Untyped'

const attributesOf = attributes => (attributes ? `@${JSON.stringify(Object.entries(attributes).sort().map(([key, value]) => [key, show(value)]))}` : '')

// Values that are gone show their kind alone where they are shared types.
const old = value => (value instanceof Y.AbstractType ? nameOf(value) : show(value))

function deltaText(event) {
  return look(() => deltaOf(event)).map(({ insert, retain, delete: gone, attributes }) => {
    const what = insert === undefined ? `${retain ?? ''}${gone === undefined ? '' : `-${gone}`}` : Array.isArray(insert) ? `[${insert.map(show)}]` : show(insert)
    return what + attributesOf(attributes)
  })
}

// Keys are told in the order in which they were changed here; of updates it is left open.
const inOrder = ({ local }, keys) => (local ? keys : keys.sort())

function eventText(event) {
  const changes = [...event.keys].map(([key, { action, oldValue }]) => `${JSON.stringify(key)} ${action} ${action === 'add' ? '' : old(oldValue)}`)
  const keys = inOrder(event.transaction, changes)
  return `${nameOf(event.target)} at ${JSON.stringify(event.path)}: ${keys} | ${deltaText(event)}`
}

const clocksOf = state => JSON.stringify([...state].filter(([, clock]) => clock > 0).sort((a, b) => a[0] - b[0]))
const originOf = origin => (origin instanceof Y.UndoManager ? 'undo manager' : String(origin))

// What was changed is known when it ends, and what is around that when observers have been called.
function transactionText(transaction, when) {
  const { local, origin, beforeState, afterState, changed, changedParentTypes } = transaction
  const words = [local ? 'local' : 'remote', originOf(origin), clocksOf(beforeState)]
  if (when === 'beforeTransaction') return words.join(' ')
  const keys = [...changed].map(([type, keys]) => `${nameOf(type)} ${inOrder(transaction, [...keys].map(key => JSON.stringify(key)))}`).sort()
  const parents = when.startsWith('after') ? [...changedParentTypes.keys()].map(nameOf).sort() : ''
  return [...words, clocksOf(afterState), keys.join(';'), parents].join(' ')
}

const isEmpty = ({ deleteSet, beforeState, afterState }) =>
  deleteSet.clients.size === 0 && [...afterState].every(([client, clock]) => (beforeState.get(client) ?? 0) === clock)

// What is told while somebody looks at something: Yjs does some of that in transactions.
let looking = false
function look(what) {
  looking = true
  try {
    return what()
  } finally {
    looking = false
  }
}

// Lines, those of transactions that change nothing left out: Yjs has more of these. Of updates from
// elsewhere the order is left open in which types are told.
class Log {
  #entries = []
  #changing = new WeakSet()

  say(line, transaction = null, told = false) {
    this.#entries.push({ line, transaction, told })
  }

  ended(transaction) {
    if (!isEmpty(transaction)) this.#changing.add(transaction)
  }

  changing(transactions) {
    return transactions.filter(one => this.#changing.has(one)).length
  }

  lines() {
    const lines = []
    let open = []
    const close = () => lines.push(...open.splice(0).sort())
    for (const { line, transaction, told } of this.#entries) {
      if (transaction && !this.#changing.has(transaction)) continue
      const anyOrder = told && !transaction.local
      if (!anyOrder) close()
      ;(anyOrder ? open : lines).push(line)
    }
    close()
    return lines
  }
}

class Replica {
  constructor(number, client, history, log) {
    this.name = `doc ${number}`
    this.log = log
    this.doc = new Y.Doc({ gc: history.gc, guid: '-' })
    this.doc.clientID = client
    this.cursors = new WeakMap()
    this.emitted = []
    this.doc.on('update', update => this.emitted.push(update))
    this.roots = history.roots.map(root => rootOf(this.doc, root))
    for (const name of kDocEvents) this.doc.on(name, (...told) => this.#tell(name, told))
    for (const [i, type] of this.roots.entries()) {
      type.observe((event, transaction) => this.say(`root ${i} ${eventText(event)} in ${originOf(transaction.origin)}`, transaction, true))
      type.observeDeep((events, transaction) => this.say(`below root ${i}: ${inOrder(transaction, events.map(eventText)).join(' / ')}`, transaction, true))
    }
  }

  say(line, transaction, told) {
    this.log.say(`${this.name}: ${line}`, transaction, told)
  }

  #tell(name, told) {
    if (looking) return
    const transaction = told.find(one => one instanceof Y.Transaction) ?? null
    if (name === 'afterTransaction') this.log.ended(transaction)
    const several = told.find(Array.isArray)
    this.say([name, transaction && transactionText(transaction, name), several && this.log.changing(several)].join(' '), transaction)
  }

  look() {
    const content = this.roots.map(show).join(' | ')
    this.say(`${hex(Y.encodeStateVector(this.doc))} ${content}`)
    // In plain objects a key of that name makes what Yjs sets the prototype.
    if (content.includes(hexText('__proto__'))) return
    this.say(JSON.stringify(this.doc.toJSON(), (_, value) => (typeof value === 'bigint' ? `${value}n` : value)))
  }
}

class Scenario {
  constructor(seed) {
    this.history = makeHistory(seed)
    this.rng = new Rng(seed ^ 0x73747269)
    this.log = new Log()
    this.messages = new Map()
    this.positions = []
    this.replicas = this.history.clients.map((client, i) => new Replica(i, client, this.history, this.log))
  }

  run() {
    for (const step of this.history.steps) {
      this.log.say(`step ${step.id} ${step.do}`)
      this[step.do]?.(step)
    }
    return { log: this.log.lines(), states: this.replicas.map(({ doc }) => [Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdateV2(doc)]) }
  }

  #done(replica, id) {
    this.messages.set(id, replica.emitted.splice(0))
    if (this.rng.chance(0.5)) replica.look()
    if (this.rng.chance(0.3)) this.#position(replica)
    if (this.rng.chance(0.2)) this.#snapshot(replica)
  }

  edit({ id, who, edits, loose, origin, huge }) {
    if (huge) return
    const replica = this.replicas[who]
    const { doc, cursors } = replica
    const editAll = () => edits.forEach(edit => replica.say(doEdit(doc, this.history.roots, cursors, edit, false)?.text ?? 'nothing'))
    if (loose) editAll()
    else doc.transact(editAll, origin ?? null)
    this.#done(replica, id)
  }

  deliver({ id, to, of }) {
    const replica = this.replicas[to]
    for (const update of of.flatMap(message => this.messages.get(message) ?? [])) Y.applyUpdate(replica.doc, update, 'remote')
    this.#done(replica, id)
  }

  sync({ id, from, to }) {
    const [source, target] = [this.replicas[from].doc, this.replicas[to].doc]
    Y.applyUpdateV2(target, Y.encodeStateAsUpdateV2(source, Y.encodeStateVector(target)), 'sync')
    this.#done(this.replicas[to], id)
  }

  #position(replica) {
    const texts = replica.roots.filter(type => type instanceof Y.Text || type instanceof Y.Array)
    const type = this.rng.pick(texts)
    const position = Y.createRelativePositionFromTypeIndex(type, this.rng.below(type.length + 1), this.rng.pick([0, -1]))
    this.positions.push(position)
    replica.say(`position ${JSON.stringify(position)} ${hex(Y.encodeRelativePosition(position))}`)
    for (const one of this.positions.slice(-6)) {
      const place = Y.createAbsolutePositionFromRelativePosition(one, replica.doc)
      replica.say(`  is at ${place && `${nameOf(place.type)} ${place.index} ${place.assoc}`}`)
    }
  }

  #snapshot(replica) {
    const snapshot = Y.snapshot(replica.doc)
    replica.say(`snapshot ${hex(Y.encodeSnapshot(snapshot))} ${hex(Y.encodeSnapshotV2(snapshot))}`)
    if (replica.snapshot) replica.say(`equal to the last: ${Y.equalSnapshots(snapshot, replica.snapshot)}`)
    if (!this.history.gc && replica.snapshot) {
      const before = look(() => Y.createDocFromSnapshot(replica.doc, replica.snapshot))
      replica.say(`then it was ${this.history.roots.map(root => show(rootOf(before, root))).join(' | ')}`)
      before.destroy()
    }
    replica.snapshot = snapshot
  }
}

// { log, states: [V1, V2] of each document }; null for histories whose engines differ on purpose.
export function live(seed) {
  const scenario = new Scenario(seed)
  return scenario.history.managers.some(Boolean) ? null : scenario.run()
}

// What a state of another engine shows here.
export function loaded(seed, [v1, v2]) {
  const { roots } = makeHistory(seed)
  return [[Y.applyUpdate, v1], [Y.applyUpdateV2, v2]].map(([apply, update]) => {
    const doc = new Y.Doc()
    apply(doc, update)
    return `${hex(Y.encodeStateVector(doc))} ${roots.map(root => show(rootOf(doc, root))).join(' | ')}`
  })
}
