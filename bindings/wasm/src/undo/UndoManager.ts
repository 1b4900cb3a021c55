// Undo and redo of what was changed here, without touching what others have written.
import { Observable } from '../base/observable.js'
import { RopewalkError, check } from '../engine/errors.js'
import { engine, host } from '../engine/wasm.js'
import { Doc, onHeard } from '../doc/Doc.js'
import { transact, type Transaction } from '../doc/Transaction.js'
import type { Item } from '../structs/Item.js'
import { itemAt } from '../structs/views.js'
import { AbstractType } from '../types/AbstractType.js'
import type { YEvent } from '../types/YEvent.js'
import { EngineStacks, REDO, UNDO, type Which } from './EngineStacks.js'
import { StackItem } from './StackItem.js'

type Scope = Doc | AbstractType<any>

export interface UndoManagerOptions {
  /** Changes that follow one another within so many milliseconds are undone together. */
  captureTimeout?: number
  /** Whether a transaction is recorded. */
  captureTransaction?: (transaction: Transaction) => boolean
  /** Whether an insertion may be deleted when it is undone. */
  deleteFilter?: (item: Item) => boolean
  /** Origins, or classes of origins, whose transactions are recorded. */
  trackedOrigins?: Set<any>
  /** Entries of maps come back even over what others have set since. */
  ignoreRemoteMapChanges?: boolean
  /** The document; only needed where the scope is empty. */
  doc?: Doc
}

export interface StackItemEvent {
  stackItem: StackItem
  origin: any
  type: 'undo' | 'redo'
  changedParentTypes: Map<AbstractType<any>, YEvent<any>[]>
}

export interface UndoManagerEvents {
  'stack-item-added': (event: StackItemEvent, manager: UndoManager) => void
  'stack-item-updated': (event: StackItemEvent, manager: UndoManager) => void
  'stack-item-popped': (event: StackItemEvent, manager: UndoManager) => void
  'stack-cleared': (event: { undoStackCleared: boolean; redoStackCleared: boolean }) => void
}

// By address in the engine. What a manager has there goes with it.
const managers = new Map<number, WeakRef<UndoManager>>()
const dropped = new FinalizationRegistry<number>((at) => {
  managers.delete(at)
  engine.rw_undo_free(at)
})

const anything = (): boolean => true
const docOf = (scope: Scope | Scope[]): Doc => {
  const first = Array.isArray(scope) ? scope[0] : scope
  return first instanceof Doc ? first : first.doc!
}

export class UndoManager extends Observable<UndoManagerEvents> {
  /** What it looks after, each with all within. */
  scope: Scope[] = []
  readonly doc: Doc
  deleteFilter: (item: Item) => boolean
  captureTransaction: (transaction: Transaction) => boolean
  trackedOrigins: Set<any>
  ignoreRemoteMapChanges: boolean
  captureTimeout: number
  /** What can be undone, the newest last. */
  undoStack: StackItem[] = []
  redoStack: StackItem[] = []
  undoing = false
  redoing = false
  /** What is being undone or redone. */
  currStackItem: StackItem | null = null
  /** When the newest change was recorded; 0: the next one starts an item of its own. */
  lastChange = 0
  /** Records; it is called after each transaction of the document. */
  readonly afterTransactionHandler: (transaction: Transaction) => void

  readonly _at: number
  readonly #stacks: EngineStacks
  /** Transactions of which the engine has kept what they did, until it is decided about. */
  #waiting: Transaction[] = []
  #scopeKnown: Scope[] = []
  #thrown: unknown[] = []

  constructor(
    typeScope: Scope | Scope[],
    {
      captureTimeout = 500,
      captureTransaction = anything,
      deleteFilter = anything,
      trackedOrigins = new Set([null]),
      ignoreRemoteMapChanges = false,
      doc = docOf(typeScope)
    }: UndoManagerOptions = {}
  ) {
    super()
    this.doc = doc
    this.deleteFilter = deleteFilter
    this.captureTransaction = captureTransaction
    this.trackedOrigins = trackedOrigins
    trackedOrigins.add(this)
    this.ignoreRemoteMapChanges = ignoreRemoteMapChanges
    this.captureTimeout = captureTimeout
    this._at = engine.rw_undo_new(doc._open(), ignoreRemoteMapChanges ? 1 : 0)
    if (this._at === 0) {
      throw new RopewalkError('out_of_memory', 'out of memory: destroy documents that are done with')
    }
    managers.set(this._at, new WeakRef(this))
    dropped.register(this, this._at)
    this.#stacks = new EngineStacks(this._at)
    this.addToScope(typeScope)
    this.afterTransactionHandler = (transaction) => this.#record(transaction)
    onHeard.set(this.afterTransactionHandler, () => engine.rw_undo_listen(this._at, 1))
    this.destroy = this.destroy.bind(this)
    doc.on('afterTransaction', this.afterTransactionHandler)
    doc._hearTidying()
    doc.on('destroy', this.destroy)
  }

  // -- what is recorded -------------------------------------------------------------------------

  /** Looks after these, too. */
  addToScope(types: Scope | Scope[]): void {
    for (const type of Array.isArray(types) ? types : [types]) {
      if (this.scope.includes(type)) continue
      if (docOf(type) !== this.doc) {
        console.warn('ropewalk: an undo manager looks after one document, and this type is not in it')
      }
      this.scope.push(type)
    }
    this.#matchScope()
  }
  addTrackedOrigin(origin: any): void {
    this.trackedOrigins.add(origin)
  }
  removeTrackedOrigin(origin: any): void {
    this.trackedOrigins.delete(origin)
  }
  /** The next change starts an item of its own. */
  stopCapturing(): void {
    this.lastChange = 0
  }

  #matchScope(): void {
    const { scope, doc } = this
    const known = this.#scopeKnown
    if (doc._at === 0) return
    if (scope.length === known.length && scope.every((type, index) => type === known[index])) return
    this.#scopeKnown = [...scope]
    engine.rw_undo_scope_clear(this._at)
    for (const type of scope) {
      if (type === doc) engine.rw_undo_scope_all(this._at)
      else if (docOf(type) === doc) check(engine.rw_undo_scope(this._at, doc._at, (type as AbstractType)._number))
    }
  }

  #tracks(origin: any): boolean {
    const tracked = this.trackedOrigins
    return tracked.has(origin) || (Boolean(origin) && tracked.has(origin.constructor))
  }

  /** A transaction ends: whether the engine shall keep what it did. */
  _captures(number: number): boolean {
    const { doc } = this
    // One that was destroyed hears of nothing, until somebody puts its handler back (as TipTap does).
    if (doc._observers.get('afterTransaction')?.has(this.afterTransactionHandler) !== true) return false
    const transaction = doc._transactionOf(number)
    if (transaction === null || !this.#tracks(transaction.origin)) return false
    this.#matchScope()
    this.#waiting.push(transaction)
    return true
  }

  /** Of a transaction that was told: is what it did the next that waits? */
  #waits(transaction: Transaction): boolean {
    const index = this.#waiting.indexOf(transaction)
    // Those before it were not told to us.
    for (let passed = 0; passed < index; passed++) this.#stacks.drop()
    this.#waiting.splice(0, index)
    return index >= 0
  }

  #record(transaction: Transaction): void {
    const waits = this.#waits(transaction)
    let recorded = false
    try {
      recorded =
        this.captureTransaction(transaction) && waits && this.#stacks.holds && this.#tracks(transaction.origin)
      if (recorded) this.#push(transaction)
    } finally {
      if (waits) {
        this.#waiting.shift()
        if (!recorded) this.#stacks.drop()
      }
    }
  }

  #push(transaction: Transaction): void {
    const { undoing, redoing } = this
    const which = undoing ? REDO : UNDO
    if (undoing) this.stopCapturing()
    else if (!redoing) this.clear(false, true)
    const stack = this.#stack(which)
    this.#stacks.match(which, stack, true)
    const now = Date.now()
    const newest = stack.at(-1)
    const joins =
      newest !== undefined && !undoing && !redoing && this.lastChange > 0 && now - this.lastChange < this.captureTimeout
    const item = joins ? newest : new StackItem(null, null)
    if (!this.#stacks.take(which, item, joins)) return
    if (!joins) stack.push(item)
    if (!undoing && !redoing) this.lastChange = now
    this.#tell(joins ? 'stack-item-updated' : 'stack-item-added', item, which, transaction)
    // Who hears of this item is told what has changed, when that is over.
    if (transaction.origin === this && this._observers.has('stack-item-popped')) {
      void transaction.changedParentTypes
    }
  }

  #tell(
    name: 'stack-item-added' | 'stack-item-updated' | 'stack-item-popped',
    stackItem: StackItem,
    which: Which,
    transaction: Transaction
  ): void {
    if (!this._observers.has(name)) return
    const { origin, changedParentTypes } = transaction
    this.emit(name, [{ stackItem, origin, type: which === UNDO ? 'undo' : 'redo', changedParentTypes }, this])
  }

  // -- undoing ----------------------------------------------------------------------------------

  /** Undoes the newest change that can be undone; null where nothing was changed by that. */
  undo(): StackItem | null {
    this.undoing = true
    try {
      return this.#pop(UNDO)
    } finally {
      this.undoing = false
    }
  }
  /** Takes back what was undone. */
  redo(): StackItem | null {
    this.redoing = true
    try {
      return this.#pop(REDO)
    } finally {
      this.redoing = false
    }
  }
  canUndo(): boolean {
    return this.undoStack.length > 0
  }
  canRedo(): boolean {
    return this.redoStack.length > 0
  }

  #stack(which: Which): StackItem[] {
    return which === UNDO ? this.undoStack : this.redoStack
  }

  #pop(which: Which): StackItem | null {
    const stack = this.#stack(which)
    let undone: Transaction | null = null
    let item: StackItem | null = null
    try {
      transact(
        this.doc,
        (transaction) => {
          undone = transaction
          this.doc._address() // what was typed goes in first
          this.#matchScope()
          this.#stacks.match(UNDO, this.undoStack, false)
          this.#stacks.match(REDO, this.redoStack, false)
          while (stack.length > 0 && this.currStackItem === null) {
            const changed = this.#stacks.pop(which)
            this.doc._changed()
            const popped = stack.pop()!
            if (changed) item = this.currStackItem = popped
          }
        },
        this
      )
      if (this.#thrown.length > 0) throw this.#thrown[0]
    } finally {
      this.#thrown = []
      try {
        if (item !== null) this.#tell('stack-item-popped', item, which, undone!)
      } finally {
        this.currStackItem = null
      }
    }
    return item
  }

  /** Asked of what an item inserted, before it is deleted. */
  _mayDelete(client: number, clock: number): boolean {
    if (this.deleteFilter === anything) return true
    // What the filter throws is thrown when the engine has finished.
    if (this.#thrown.length > 0) return false
    try {
      const item = itemAt(this.doc, client, clock)
      return item === null || this.deleteFilter(item)
    } catch (error) {
      this.#thrown.push(error)
      return false
    }
  }

  /** Nothing can be undone, or redone, then; and what was deleted is forgotten. */
  clear(clearUndoStack = true, clearRedoStack = true): void {
    if (!(clearUndoStack && this.canUndo()) && !(clearRedoStack && this.canRedo())) return
    const clear = (): void => {
      if (clearUndoStack) {
        this.#stacks.clear(UNDO)
        this.undoStack = []
      }
      if (clearRedoStack) {
        this.#stacks.clear(REDO)
        this.redoStack = []
      }
      if (this.doc._at !== 0) this.doc._changed()
      this.emit('stack-cleared', [{ undoStackCleared: clearUndoStack, redoStackCleared: clearRedoStack }])
    }
    if (this.doc._at === 0) clear()
    else transact(this.doc, clear)
  }

  /** Ends recording. What is on the stacks can be undone still. */
  override destroy(): void {
    this.trackedOrigins.delete(this)
    this.doc.off('afterTransaction', this.afterTransactionHandler)
    this.doc.off('destroy', this.destroy)
    engine.rw_undo_listen(this._at, 0)
    super.destroy()
  }
}

host.undo_captures = (at, number) => (managers.get(at)?.deref()?._captures(number) === true ? 1 : 0)
host.undo_may_delete = (at, client, clock) =>
  managers.get(at)?.deref()?._mayDelete(client, clock) === false ? 0 : 1
