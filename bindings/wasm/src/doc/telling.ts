// The engine tells what has happened to a document: whom that is passed on to, and in which order.
import { ByteReader } from '../engine/any.js'
import { host, memory, engine } from '../engine/wasm.js'
import type { AbstractType } from '../types/AbstractType.js'
import { Kind } from '../types/kinds.js'
import type { YEvent } from '../types/YEvent.js'
import { type Doc, documentAt, hearings } from './Doc.js'
import { Transaction } from './Transaction.js'

const AFTER_TRANSACTION = hearings.indexOf('afterTransaction')
const AFTER_CLEANUP = hearings.indexOf('afterTransactionCleanup')
const BEFORE_OBSERVERS = hearings.indexOf('beforeObserverCalls')
const BEFORE_TIDYING = hearings.indexOf('beforeTidying')

// The number of what the engine does by itself.
const TIDYING = 0

/** The transaction that is being told now. */
const tellingOf = (doc: Doc, number: number, hearing = -1): Transaction => {
  const telling = doc._telling
  if (telling !== null && telling._number === number && !isNext(doc, number, hearing)) return telling
  let found = number === TIDYING ? (doc._tidyings.shift() ?? null) : doc._transactionOf(number)
  if (found === null || number === TIDYING) doc._changed()
  found ??= byEngine(doc, number)
  doc._settle()
  doc._observersTold = false
  return (doc._telling = found)
}

/** Is it another one of the same number? Each is told once that observers are called, and then were. */
const isNext = (doc: Doc, number: number, hearing: number): boolean =>
  number === TIDYING && (hearing === BEFORE_OBSERVERS || (hearing === AFTER_TRANSACTION && doc._observersTold))

const byEngine = (doc: Doc, number: number): Transaction => {
  const transaction = new Transaction(doc, null, true, number)
  doc._transactionCleanups.push(transaction)
  return transaction
}

// The engine begins to tidy up while another transaction is told; what listeners edit then belongs
// to it.
const tellTidying = (doc: Doc): void => {
  const transaction = byEngine(doc, TIDYING)
  doc._telling?._fixState()
  doc._tidyings.push(transaction)
  doc._transaction = transaction
  doc._tellAll('beforeTransaction', transaction, doc)
  doc._transaction = null
}

host.hook = (at, hearing, number) => {
  const doc = documentAt(at)
  if (doc === undefined) return
  if (hearing === BEFORE_TIDYING) return tellTidying(doc)
  const transaction = tellingOf(doc, number, hearing)
  if (hearing === AFTER_TRANSACTION) {
    doc._observersTold = true
    tellObservers(doc, transaction)
  }
  if (hearing === AFTER_CLEANUP && doc._observers.has('afterAllTransactions')) transaction._keep()
  doc._tellAll(hearings[hearing] as 'afterTransaction', transaction, doc)
}

host.update = (at, number, v2, bytesAt, size) => {
  const doc = documentAt(at)
  if (doc === undefined) return
  const name = v2 === 0 ? 'update' : 'updateV2'
  const listeners = doc._observers.get(name)
  if (listeners === undefined) return
  const update = memory().slice(bytesAt, bytesAt + size) as Uint8Array<ArrayBuffer>
  const transaction = tellingOf(doc, number)
  if (listeners.size > 1) return doc._tellAll(name, update, transaction.origin, doc, transaction)
  // One listener, at each keystroke: nothing is made but what it is handed.
  for (const f of listeners) {
    try {
      f(update, transaction.origin, doc, transaction)
    } catch (error) {
      doc._errors.push(error)
    }
    return
  }
}

host.subdocs = (at) => {
  const doc = documentAt(at)
  if (doc === undefined) return
  const from = new ByteReader()
  const lists: number[][] = []
  for (let i = 0; i < 3; i++) {
    const numbers: number[] = []
    for (let left = from.uint(); left > 0; left--) numbers.push(from.uint())
    lists.push(numbers)
  }
  const transaction = doc._telling ?? doc._transactionCleanups[0]
  const told = doc._subdocsTold(lists[0], lists[1], lists[2])
  transaction._setSubdocs(told)
  doc._tellAll('subdocs', told, doc, transaction)
  for (const gone of told.removed) {
    gone._outer = null
    doc._tell(() => gone.destroy())
  }
}

// -- observers ------------------------------------------------------------------------------------
//
// The engine says whom the change concerns, one type after another. They are called when it has
// said all, in the order in which their types were first changed.

host.event = (at, type) => {
  const doc = documentAt(at)
  const observed = doc?._known(type)
  if (observed !== undefined) doc!._concerned.push(observed)
}

host.deep_events = (at, type) => {
  const doc = documentAt(at)
  const observed = doc?._known(type)
  if (observed === undefined) return
  const targets: number[] = []
  for (const from = new ByteReader(); from.more; ) targets.push(from.uint())
  doc!._concernedDeeply.push({ observed, targets: targets.map((target) => doc!._view(Kind.undefined, target)) })
}

/** A type that is observed deeply, and those within that changed: the nearest first. */
export interface Concerned {
  observed: AbstractType<any>
  targets: AbstractType<any>[]
}

const lives = (type: AbstractType<any>): boolean =>
  (engine.rw_type_state(type.doc!._at, type._number) & 256) !== 0

const tellObservers = (doc: Doc, transaction: Transaction): void => {
  const direct = doc._concerned
  let deep = doc._concernedDeeply
  if (direct.length === 0 && deep.length === 0) return
  doc._concerned = []
  doc._concernedDeeply = []
  if (direct.length > 1 || deep.some(({ targets }) => targets.length > 1) || deep.length > 1) {
    const changed = [...transaction.changed.keys()]
    const place = new Map(changed.map((type, index) => [type, index]))
    direct.sort((a, b) => place.get(a)! - place.get(b)!)
    deep = inOrder(deep, changed, place)
  }
  // Observers may delete what comes next: a deleted type is told of nothing, nor others of it.
  const epoch = doc._epoch
  const still = (type: AbstractType<any>): boolean => doc._epoch === epoch || lives(type)
  for (const observed of direct) {
    if (!still(observed)) continue
    const event = eventOf(transaction, observed)
    callAll(doc, observed._handlers, event, transaction)
  }
  for (const { observed, targets } of deep) {
    if (!still(observed)) continue
    const events = targets.filter(still).map((target) => eventOf(transaction, target))
    if (events.length === 0) continue
    for (const event of events) event._retarget(observed)
    callAll(doc, observed._deepHandlers, events, transaction)
  }
}

// Those who are added meanwhile are called, too, and those who are taken away still are, as in Yjs.
const callAll = <E>(doc: Doc, handlers: ((event: E, transaction: Transaction) => void)[], event: E, transaction: Transaction): void => {
  for (let i = 0; i < handlers.length; i++) doc._tell(() => handlers[i](event, transaction))
}

/** One event serves a type and all around it. */
const eventOf = (transaction: Transaction, target: AbstractType<any>): YEvent<any> => {
  let event = transaction._events.get(target)
  if (event === undefined) {
    event = target._makeEvent(transaction)
    transaction._events.set(target, event)
  }
  return event
}

// Yjs goes from each changed type outwards; and tells the nearest of them first, those of one depth
// in the order of change.
const inOrder = (
  deep: Concerned[],
  changed: AbstractType<any>[],
  place: Map<AbstractType<any>, number>
): Concerned[] => {
  const byType = new Map(deep.map((one) => [one.observed, one]))
  const ordered = new Set<Concerned>()
  const depths = new Map<AbstractType<any>, number>()
  for (const type of changed) {
    let depth = 0
    for (let at: AbstractType<any> | null = type; at !== null; at = at.parent, depth++) {
      const one = byType.get(at)
      if (one !== undefined) ordered.add(one)
    }
    depths.set(type, depth)
  }
  for (const { targets } of deep) {
    targets.sort((a, b) => depths.get(a)! - depths.get(b)! || place.get(a)! - place.get(b)!)
  }
  return [...ordered]
}
