// A document: shared types by name, their history in the engine, and the updates that carry it.
import { Observable } from '../base/observable.js'
import { WeakValues } from '../base/weak-values.js'
import { randomClientId, randomGuid } from '../base/random.js'
import { ByteReader } from '../engine/any.js'
import { check, codeOf, destroyed, RopewalkError } from '../engine/errors.js'
import { engine, host, made, putBytes, putString, takeString } from '../engine/wasm.js'
import type { Item } from '../structs/Item.js'
import { holderOf } from '../structs/views.js'
import { Versions } from '../structs/Version.js'
import { StructStore } from '../structs/StructStore.js'
import { AbstractType } from '../types/AbstractType.js'
import { mayFollow, putKeystrokes } from '../types/keystrokes.js'
import { Kind, classOf, kindOf } from '../types/kinds.js'
import type { YArray } from '../types/YArray.js'
import type { YMap } from '../types/YMap.js'
import type { YText } from '../types/YText.js'
import type { YXmlElement } from '../types/YXmlElement.js'
import type { YXmlFragment } from '../types/YXmlFragment.js'
import type { Concerned } from './telling.js'
import { transact, type Transaction } from './Transaction.js'

export interface DocOpts {
  /** Forget deleted content (default: true). Without it snapshots can be restored. */
  gc?: boolean
  /** Not asked by this engine: `gc` alone decides. */
  gcFilter?: (item: Item) => boolean
  /** A name for the document, unique in the world. */
  guid?: string
  /** Which collection of documents it belongs to. */
  collectionid?: string | null
  /** Anything that the program wants to keep with a sub-document. */
  meta?: any
  /** Of a sub-document: everybody loads it at once. */
  autoLoad?: boolean
  /** Whether providers should load it now. */
  shouldLoad?: boolean
}

export interface SubdocsTold {
  added: Set<Doc>
  removed: Set<Doc>
  loaded: Set<Doc>
}

export interface DocEvents {
  destroy: (doc: Doc) => void
  destroyed: (done: boolean) => void
  load: (doc: Doc) => void
  sync: (isSynced: boolean, doc: Doc) => void
  update: (update: Uint8Array<ArrayBuffer>, origin: any, doc: Doc, transaction: Transaction) => void
  updateV2: (
    update: Uint8Array<ArrayBuffer>,
    origin: any,
    doc: Doc,
    transaction: Transaction
  ) => void
  beforeAllTransactions: (doc: Doc) => void
  beforeTransaction: (transaction: Transaction, doc: Doc) => void
  beforeObserverCalls: (transaction: Transaction, doc: Doc) => void
  afterTransaction: (transaction: Transaction, doc: Doc) => void
  afterTransactionCleanup: (transaction: Transaction, doc: Doc) => void
  afterAllTransactions: (doc: Doc, transactions: Transaction[]) => void
  subdocs: (told: SubdocsTold, doc: Doc, transaction: Transaction) => void
}

// As core/border.hpp counts what a document tells.
export const hearings = [
  'beforeObserverCalls',
  'afterTransaction',
  'afterTransactionCleanup',
  'update',
  'updateV2',
  'subdocs',
  'beforeTidying'
] as const
const AFTER_CLEANUP = hearings.indexOf('afterTransactionCleanup')
// These are not of transactions.
const quiet = new Set(['destroy', 'destroyed', 'load', 'sync'])

/** Undo managers that were destroyed record again when their handler is put back. */
export const onHeard = new WeakMap<(...args: any[]) => void, () => void>()

// By address in the engine. A document that nobody holds goes, and frees what it has there.
const documents = new Map<number, WeakRef<Doc>>()
const dropped = new FinalizationRegistry<number>((at) => {
  documents.delete(at)
  engine.rw_doc_free(at)
})

/** A history that was stored and is not unpacked yet: what can be told of it as it is. */
export interface PackedHistory {
  /** Of a root; null: what it is can only be told by the whole. */
  text(root: string): string | null
  stateVector(): Uint8Array<ArrayBuffer>
  /** In V1. */
  diff(stateVector: Uint8Array | undefined): Uint8Array<ArrayBuffer>
  unpack(): { update: Uint8Array; isV2: boolean }
}

/** A value that stands for an undefined constructor in `Doc.get`. */
type TypeClass<T> = new () => T

export class Doc extends Observable<DocEvents> {
  readonly gcFilter: (item: Item) => boolean
  guid: string
  collectionid: string | null
  meta: any
  autoLoad: boolean
  shouldLoad: boolean
  isLoaded = false
  isSynced = false
  isDestroyed = false
  /** Resolves when a provider has loaded the document. */
  readonly whenLoaded: Promise<Doc>
  /** Resolves when a provider has brought the document up to date. */
  whenSynced: Promise<void>
  _transaction: Transaction | null = null
  _transactionCleanups: Transaction[] = []

  /** Its address in the engine; 0 once it is destroyed. */
  _at: number
  /** What is in it, as long as nobody needs more of that than can be told without the engine. */
  _packed: PackedHistory | null = null
  /** Counts changes: what is looked up in the engine is good as long as this stays. */
  _epoch = 0
  readonly _versions = new Versions(this)
  /** How many would hear of a transaction: listeners by name, observed types, undo managers. */
  _watchers = 0
  /** Whether anybody hears that a transaction begins. */
  _heardBefore = false
  /** The transaction that is being told. */
  _telling: Transaction | null = null
  /** Those in which the engine tidies up and that are still to be told. */
  _tidyings: Transaction[] = []
  /** Observers have been called of what is being told. */
  _observersTold = false
  /** Whose observers it is told to, as the engine has said so far. */
  _concerned: AbstractType<any>[] = []
  _concernedDeeply: Concerned[] = []
  /** What listeners have thrown. */
  _errors: unknown[] = []
  /** The document around it, and its number there. */
  _outer: Doc | null = null
  _subdocNumber = -1
  /** Objects and arrays that were read from it. */
  readonly _objects = new WeakValues<object>()
  #gc: boolean
  #types: (AbstractType<any> | undefined)[] = []
  #names: string[] = []
  #share = new Map<string, AbstractType<any>>()
  #shareEpoch = -1
  #subdocs = new Map<number, Doc>()
  /** Those that were destroyed, until that is told. */
  #replaced = new Map<number, Doc>()
  #store: StructStore | null = null
  #deaths = 0
  #always = new Set<number>()

  constructor({
    guid = randomGuid(),
    collectionid = null,
    gc = true,
    gcFilter = () => true,
    meta = null,
    autoLoad = false,
    shouldLoad = true
  }: DocOpts = {}) {
    super()
    this.guid = guid
    this.collectionid = collectionid
    this.#gc = gc
    this.gcFilter = gcFilter
    this.meta = meta
    this.autoLoad = autoLoad
    this.shouldLoad = shouldLoad
    this._at = engine.rw_doc_new(randomClientId(), gc ? 1 : 0)
    if (this._at === 0) {
      throw new RopewalkError('out_of_memory', 'out of memory: destroy documents that are done with')
    }
    documents.set(this._at, new WeakRef(this))
    dropped.register(this, this._at, this)
    this.whenLoaded = new Promise((resolve) => {
      this.on('load', () => {
        this.isLoaded = true
        resolve(this)
      })
    })
    const synced = (): Promise<void> =>
      new Promise((resolve) => {
        const heard = (isSynced?: boolean): void => {
          if (isSynced === undefined || isSynced) {
            this.off('sync', heard)
            resolve()
          }
        }
        this.on('sync', heard)
      })
    this.on('sync', (isSynced?: boolean) => {
      if (isSynced === false && this.isSynced) this.whenSynced = synced()
      this.isSynced = isSynced === undefined || isSynced
      if (this.isSynced && !this.isLoaded) this.emit('load', [this])
    })
    this.whenSynced = synced()
  }

  // -- who writes -------------------------------------------------------------------------------

  /** What is written here bears this id. Nobody else may write under it. */
  get clientID(): number {
    return engine.rw_doc_client(this._address())
  }
  set clientID(id: number) {
    check(engine.rw_doc_set_client(this._address(), id))
  }

  /** Whether deleted content is forgotten. */
  get gc(): boolean {
    return this.#gc
  }
  set gc(gc: boolean) {
    this.#gc = gc
    engine.rw_doc_set_collect(this._address(), gc ? 1 : 0)
  }

  // -- shared types -----------------------------------------------------------------------------

  /** Shared types by name: those that were used here, and those that came in updates. */
  get share(): Map<string, AbstractType<any>> {
    if (this._at !== 0 && this._open() && this.#shareEpoch !== this._epoch) {
      this.#shareEpoch = this._epoch
      check(engine.rw_roots(this._at))
      const roots: [number, number, string][] = []
      for (const from = new ByteReader(); from.more; ) {
        roots.push([from.byte(), from.uint(), from.string()])
      }
      for (const [kind, number, name] of roots) this.#share.set(name, this._view(kind, number))
    }
    return this.#share
  }

  /**
   * The shared type of that name. Its first use gives it its type, and it keeps it: another one is
   * an error.
   */
  get<T extends AbstractType<any> = AbstractType<any>>(
    name: string,
    TypeConstructor: TypeClass<T> = AbstractType as unknown as TypeClass<T>
  ): T {
    const known = this.#share.get(name)
    if (known !== undefined) {
      if (known.constructor === TypeConstructor || (TypeConstructor as unknown) === AbstractType) {
        return known as T
      }
    }
    const kind = kindOf(TypeConstructor)
    const code = engine.rw_root(this._address(), putString(name), kind)
    if (code === codeOf('wrong_type')) {
      throw new RopewalkError(
        'wrong_type',
        `Type with the name ${name} has already been defined with a different constructor`
      )
    }
    check(code)
    const number = made()
    const type = this._view(kind, number) as T
    this.#share.set(name, type)
    return type
  }

  getArray<T = any>(name = ''): YArray<T> {
    return this.get(name, classOf(Kind.array)) as unknown as YArray<T>
  }
  getText(name = ''): YText {
    return this.get(name, classOf(Kind.text)) as unknown as YText
  }
  getMap<T = any>(name = ''): YMap<T> {
    return this.get(name, classOf(Kind.map)) as unknown as YMap<T>
  }
  getXmlElement(name = ''): YXmlElement {
    return this.get(name, classOf(Kind.xmlElement)) as unknown as YXmlElement
  }
  getXmlFragment(name = ''): YXmlFragment {
    return this.get(name, classOf(Kind.xmlFragment)) as unknown as YXmlFragment
  }

  /** Everything in it, as plain data. */
  toJSON(): Record<string, any> {
    const json: Record<string, any> = {}
    for (const [name, type] of this.share) json[name] = type.toJSON()
    return json
  }

  /** All structs and what waits for others, as views. */
  get store(): StructStore {
    return (this.#store ??= new StructStore(this))
  }

  // -- transactions -----------------------------------------------------------------------------

  /**
   * Runs `f`: its edits are one change. `origin` is told to listeners, so that they know whose
   * change it is.
   */
  transact<T>(f: (transaction: Transaction) => T, origin: any = null): T {
    return transact(this, f, origin)
  }

  // -- sub-documents ----------------------------------------------------------------------------

  /** The item that holds it, if it is a sub-document. */
  get _item(): Item | null {
    const outer = this._outer
    return outer === null || outer._at === 0 ? null : holderOf(outer, this._subdocNumber, true)
  }
  /** Asks providers to load the content of this sub-document. */
  load(): void {
    const outer = this._outer
    if (outer !== null && outer._at !== 0 && !this.shouldLoad) {
      transact(outer, () => check(engine.rw_subdoc_load(outer._open(), this._subdocNumber)), null)
    }
    this.shouldLoad = true
  }

  /** Sub-documents in it. */
  get subdocs(): Set<Doc> {
    return this.getSubdocs()
  }
  getSubdocs(): Set<Doc> {
    check(engine.rw_subdocs(this._open()))
    const numbers: number[] = []
    for (const from = new ByteReader(); from.more; ) numbers.push(from.uint())
    return new Set(numbers.map((number) => this._subdoc(number)))
  }
  getSubdocGuids(): Set<string> {
    return new Set(Array.from(this.getSubdocs(), (doc) => doc.guid))
  }

  // -- listening --------------------------------------------------------------------------------

  override on<Name extends keyof DocEvents>(name: Name, f: DocEvents[Name]): DocEvents[Name] {
    if (!this._observers.has(name) && !quiet.has(name)) this._watchers++
    super.on(name, f)
    this._hear(name, f)
    if (name === 'afterTransaction') onHeard.get(f)?.()
    return f
  }
  override off<Name extends keyof DocEvents>(name: Name, f: DocEvents[Name]): void {
    if (!this._observers.has(name)) return
    super.off(name, f)
    if (this._observers.has(name)) return
    if (!quiet.has(name)) this._watchers--
    this._hear(name)
  }

  /** Tells the engine whether somebody listens. `f` is one who does from now on. */
  _hear(name: string, f?: (...args: any[]) => void): void {
    if (this._at === 0) return
    this._heardBefore =
      this._observers.has('beforeTransaction') || this._observers.has('beforeAllTransactions')
    const parameters = f?.length ?? 0
    if (name === 'beforeTransaction' || (name === 'afterAllTransactions' && parameters > 1)) this._hearTidying()
    // Who takes transactions may ask them what was changed: the engine keeps that where somebody
    // observes the document.
    if (name === 'afterAllTransactions' && parameters > 1) this._hearing(AFTER_CLEANUP, true)
    const hearing = hearings.indexOf(name as (typeof hearings)[number])
    if (hearing < 0) return
    if (parameters > 3) this._hearing(AFTER_CLEANUP, true)
    const on = this._observers.has(name)
    if (on || !this.#always.has(hearing)) this._hearing(hearing, on)
  }
  _hearing(hearing: number, on: boolean): void {
    check(engine.rw_hear(this._at, hearing, on ? 1 : 0))
  }
  /** From now on each transaction in which the engine tidies up is known as soon as it begins. */
  _hearTidying(): void {
    this._hearAlways('beforeTidying')
    this._hearAlways('afterTransaction')
  }
  /** Is told this from now on, whoever listens. */
  _hearAlways(hearing: (typeof hearings)[number]): void {
    const number = hearings.indexOf(hearing)
    if (this.#always.has(number) || this._at === 0) return
    this.#always.add(number)
    this._hearing(number, true)
  }

  // -- the end ----------------------------------------------------------------------------------

  /** Ends the document: it says so to its listeners and gives its memory back. */
  override destroy(): void {
    if (this.isDestroyed) return
    this.isDestroyed = true
    for (const subdoc of [...this.#subdocs.values()]) subdoc.destroy()
    const outer = this._outer
    this._outer = null
    try {
      if (outer !== null && !outer.isDestroyed) outer._replaceSubdoc(this)
      this.emit('destroyed', [true])
      this.emit('destroy', [this])
    } finally {
      super.destroy()
      this._free()
    }
  }

  /** Gives memory back as soon as nothing of this document is under way. */
  _free(): void {
    if (!this.isDestroyed || this._at === 0 || this._transactionCleanups.length > 0) return
    this._packed = null
    dropped.unregister(this)
    documents.delete(this._at)
    engine.rw_doc_free(this._at)
    this._at = 0
  }

  // -- for the rooms around ---------------------------------------------------------------------

  /** Its address; an error once it is destroyed. */
  _address(): number {
    if (this._at === 0) destroyed()
    if (mayFollow(this)) putKeystrokes()
    return this._at
  }
  /** The same, with all that is in it. */
  _open(): number {
    if (this._packed !== null) this._unpack()
    return this._address()
  }
  _unpack(): void {
    const { update, isV2 } = this._packed!.unpack()
    check(engine.rw_load(this._address(), putBytes(update), isV2 ? 1 : 0))
    this._packed = null
    this._changed()
  }
  /** The text of a root, where that can be told from what is packed. */
  _packedText(type: AbstractType<any>): string | null {
    for (const [name, root] of this.#share) if (root === type) return this._packed!.text(name)
    return null
  }

  /** What was looked up in the engine is out of date: all of it, or of one type. */
  _changed(type: AbstractType<any> | null = null): void {
    if (type === null) this._versions.endAll()
    else if (type._version !== null) this._versions.endOf(type)
    this._passed()
  }
  /** Something has happened to types that have changed already. */
  _passed(): void {
    this._epoch++
    this._settle()
  }
  /** Where types were deleted, what they hold has changed, too. */
  _settle(): void {
    const versions = this._versions
    versions.end()
    if (!versions.some || this._at === 0) return
    const deaths = engine.rw_deaths(this._at)
    if (deaths === this.#deaths) return
    versions.endAll()
    // What is in them goes when the transaction ends, at the latest.
    if (this._transaction === null) this.#deaths = deaths
  }

  /** The one object for a shared type. */
  _view(kind: number, number: number): AbstractType<any> {
    const known = this.#types[number]
    if (known !== undefined && (kind === Kind.undefined || known._kind === kind)) return known
    const type = new (classOf(kind))()._named()
    type._attach(this, number)
    this.#types[number] = type
    // A root without a kind has one now: another object stands for it.
    if (known !== undefined) this._changed()
    return type
  }
  /** A type that was made before it was put in. */
  _adopt(type: AbstractType<any>, number: number): void {
    this.#types[number] = type
    type._attach(this, number)
    if (this._transaction !== null) type._madeIn = this._transaction._number
  }
  /** The view of a type, if there is one. */
  _known(number: number): AbstractType<any> | undefined {
    return this.#types[number]
  }

  /** A key or name that the engine has numbered. */
  _name(number: number): string {
    const known = this.#names[number]
    if (known !== undefined) return known
    check(engine.rw_name(this._at, number))
    return (this.#names[number] = takeString())
  }

  /** The document of a sub-document. */
  _subdoc(number: number): Doc {
    const known = this.#subdocs.get(number)
    if (known !== undefined) return known
    check(engine.rw_subdoc(this._at, number))
    const from = new ByteReader()
    const guid = from.string()
    const shouldLoad = from.byte() === 1
    from.byte()
    const { gc = true, autoLoad = false, meta = null } = from.any()
    const doc = new Doc({ guid, gc, autoLoad, meta, shouldLoad })
    this._adoptSubdoc(doc, number)
    return doc
  }
  _adoptSubdoc(doc: Doc, number: number): void {
    doc._outer = this
    doc._subdocNumber = number
    if (this.#subdocs.size === 0) this._watchers++
    this.#subdocs.set(number, doc)
    this._hearAlways('subdocs')
  }
  /** One that was destroyed: another takes its place, not loaded. */
  _replaceSubdoc(doc: Doc): void {
    const number = doc._subdocNumber
    this.#subdocs.delete(number)
    this.#replaced.set(number, doc)
    transact(this, () => check(engine.rw_subdoc_destroy(this._address(), number)), null)
  }

  /** Calls somebody who may throw: what is under way goes on. */
  _tell(f: () => void): void {
    try {
      f()
    } catch (error) {
      this._errors.push(error)
    }
  }
  /** The same for all who listen under a name. */
  _tellAll<Name extends keyof DocEvents & string>(name: Name, ...args: Parameters<DocEvents[Name]>): void {
    const listeners = this._observers.get(name)
    if (listeners === undefined) return
    for (const f of [...listeners]) this._tell(() => f(...args))
  }
  /** The transaction of this number, as long as it has not been told. */
  _transactionOf(number: number): Transaction | null {
    const [first] = this._transactionCleanups
    if (first !== undefined && first._number === number) return first
    return this._transactionCleanups.findLast((transaction) => transaction._number === number) ?? null
  }

  /** Of sub-documents by number: those that came, went and were asked for. */
  _subdocsTold(added: number[], removed: number[], loaded: number[]): SubdocsTold {
    const told: SubdocsTold = { added: new Set(), removed: new Set(), loaded: new Set() }
    for (const number of removed) {
      const replaced = this.#replaced.get(number)
      const doc = replaced ?? this.#subdocs.get(number)
      if (doc === undefined) continue
      told.removed.add(doc)
      if (replaced !== undefined) this.#replaced.delete(number)
      else this.#subdocs.delete(number)
    }
    for (const number of added) {
      const doc = this._subdoc(number)
      if (doc._transaction === null) doc.clientID = this.clientID
      doc.collectionid ??= this.collectionid
      told.added.add(doc)
    }
    for (const number of loaded) told.loaded.add(this._subdoc(number))
    return told
  }
}

host.random_client_id = randomClientId

// The one whose change the engine is ending: it is what the engine tells of, as a rule.
let ending: Doc | null = null

/** The next call ends a change of this document. */
export const tellOf = (doc: Doc | null): void => {
  ending = doc
}

/** Ends the engine's transaction, which tells meanwhile; answers an error or 0. */
export const commit = (doc: Doc): number => {
  const outer = ending
  ending = doc
  try {
    return engine.rw_commit(doc._at)
  } finally {
    ending = outer
  }
}

/** The document at an address of the engine. */
export const documentAt = (at: number): Doc | undefined =>
  ending !== null && ending._at === at ? ending : documents.get(at)?.deref()
