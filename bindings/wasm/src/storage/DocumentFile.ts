// A document that is stored: opened, edited through its log, compacted. Edits are collected while the
// store is busy and go there together.
import { Observable } from '../base/observable.js'
import { applyUpdate, applyUpdateV2, Doc, encodeStateAsUpdate, encodeStateVector, mergeUpdates } from '../index.js'
import { type Container, type Packed, type TextRange, writeContainer } from './container.js'
import { compact } from './epochs.js'
import { content, type Finding, Kind, record, slot } from './log.js'
import { failure } from './module.js'
import type { Opened } from './opening.js'
import type { Durability } from './store.js'

type Bytes = Uint8Array<ArrayBuffer>

/** What was found when a document was opened, and done about it. */
export interface FileReport {
  created: boolean
  /** Its last writer has closed it; else that one ended before. */
  closed: boolean
  /** There was more than what a crash leaves. */
  damaged: boolean
  /** The snapshot was lost, and the file before it has led here. */
  fromPrevious: boolean
  /** The snapshot was lost, and nothing has replaced it. */
  salvaged: boolean
  findings: Finding[]
  moreFindings: number
  /** Where what was found damaged is kept, or the bytes themselves; null: nothing was. */
  setAside: string | Bytes | null
}

/** How large a stored document is, and what of. */
export interface FileSizes {
  size: number
  snapshotBytes: number
  /** Behind the snapshot. */
  updates: number
  updateBytes: number
  generation: number
  lastSequence: number
  /** Bytes that were read so far. */
  touched: number
}

export interface FileEvents {
  /** Everything up to now is saved. */
  saved: (file: DocumentFile) => void
  /** A change could not be written. It is in the document, and goes with the next one. */
  error: (error: unknown, file: DocumentFile) => void
}

export class DocumentFile extends Observable<FileEvents> {
  readonly report: FileReport
  readonly readOnly: boolean
  readonly durability: Durability
  #opened: Opened
  #doc: Doc | null = null
  #loading: Promise<Doc> | null = null
  #pending: Uint8Array[] = []
  #writing: Promise<void> | null = null
  /** One call of the store after another. */
  #last: Promise<unknown> = Promise.resolve()
  #broken = false
  #closed = false

  /** Not for users: open() makes them. */
  constructor(opened: Opened) {
    super()
    this.#opened = opened
    this.report = opened.report
    this.readOnly = opened.readOnly
    this.durability = opened.head.durability
  }

  /** The document, once load() has brought it. */
  get doc(): Doc | null {
    return this.#doc
  }
  get closed(): boolean {
    return this.#closed
  }
  get sizes(): FileSizes {
    const { size, snapshot, updates, updateBytes, head, lastSequence, source } = this.#opened
    return {
      size,
      snapshotBytes: snapshot?.size ?? 0,
      updates,
      updateBytes,
      generation: head.generation,
      lastSequence,
      touched: source.touched
    }
  }

  // -- reading ------------------------------------------------------------------------------------

  /**
   * The text of a root, or the part of it between two bytes of its UTF-8. Where no updates are behind
   * the snapshot only the pages are read that hold it; else everything is.
   */
  text(root = '', range: TextRange = {}): Promise<string> {
    return this.#ask(
      (container) => container.text(root, range),
      (doc) => partOf(doc.getText(root).toString(), range)
    )
  }
  /** How many bytes of UTF-8 that has. */
  textSize(root = ''): Promise<number> {
    return this.#ask(
      (container) => container.textSize(root),
      (doc) => new TextEncoder().encode(doc.getText(root).toString()).length
    )
  }
  /** How much is known of each client. */
  stateVector(): Promise<Bytes> {
    return this.#ask((container) => container.stateVector(), encodeStateVector)
  }
  /** What a replica with this state vector lacks; without one, everything. */
  diff(stateVector?: Uint8Array): Promise<Bytes> {
    return this.#ask(
      (container) => container.diff(stateVector),
      (doc) => encodeStateAsUpdate(doc, stateVector)
    )
  }

  /**
   * The document. Without updates behind the snapshot its history stays packed, and is unpacked by the
   * first edit, update or other use that needs more than texts, the state vector and diffs of it.
   * From now on every change of it goes into the store.
   */
  load(): Promise<Doc> {
    this.#usable()
    return (this.#loading ??= this.#inTurn(() => this.#load(new Doc())))
  }
  /** The same into a document of one's own; what it has already goes into the store. */
  loadInto(doc: Doc): Promise<Doc> {
    this.#usable()
    if (this.#loading !== null && this.#doc !== doc) {
      throw failure('in_use', 0, 'the document is loaded already: there is one for each open file')
    }
    return (this.#loading ??= this.#inTurn(() => this.#load(doc)))
  }

  async #load(doc: Doc): Promise<Doc> {
    try {
      const opened = this.#opened
      const before = encodeStateAsUpdate(doc)
      const isEmpty = before.length <= 2
      const { container } = opened
      if (isEmpty && container !== null && opened.updates === 0) {
        const held = opened.store.readNow === undefined ? (await container.bytes()).slice() : null
        doc._packed = container.packed(held)
      } else {
        const base = await opened.base()
        const updates = await opened.log()
        if (base.isV2) applyUpdateV2(doc, base.update, this)
        else applyUpdate(doc, base.update, this)
        if (updates.length > 0) applyUpdate(doc, mergeUpdates(updates), this)
      }
      opened.source.letGo()
      this.#doc = doc
      if (!this.readOnly) {
        doc.on('update', this.#changed)
        if (!isEmpty) this.#changed(before)
      }
      return doc
    } catch (error) {
      this.#loading = null
      throw error
    }
  }

  // -- writing ------------------------------------------------------------------------------------

  #changed = (update: Uint8Array): void => {
    this.#pending.push(update)
    void this.#writes()
  }
  #writes(): Promise<void> {
    if (this.#writing === null) {
      const writing = this.#inTurn(() => this.#write()).finally(() => {
        this.#writing = null
      })
      // Who waits is told by saved(); everybody else by the event.
      writing.catch((error) => this.#tell(error))
      this.#writing = writing
    }
    return this.#writing
  }
  #tell(error: unknown): void {
    if (this._observers.has('error')) this.emit('error', [error, this])
    else console.error('ropewalk: a change is not saved yet:', error)
  }

  /** Resolves when all changes up to now are as safe as the durability says. */
  async saved(): Promise<void> {
    this.#usable()
    while (this.#pending.length > 0 || this.#writing !== null) await this.#writes()
  }
  /** All changes up to now survive a loss of power when this resolves, under every durability. */
  async sync(): Promise<void> {
    await this.saved()
    await this.#inTurn(async () => {
      await this.#sync()
      await this.#acknowledge()
    })
  }

  // All that waits as one record; what comes meanwhile goes with the next.
  async #write(): Promise<void> {
    const opened = this.#opened
    const { store } = opened
    while (this.#pending.length > 0) {
      if (this.#broken) throw failure('store_failed')
      const count = this.#pending.length
      const update = count === 1 ? this.#pending[0] : mergeUpdates(this.#pending)
      const bytes = record(opened.head, opened.lastSequence + 1, update)
      await store.append!(bytes)
      this.#pending.splice(0, count)
      opened.appended(bytes.length, update.length)
      if (this.durability === 'power_loss') await this.#sync()
      await this.#acknowledge()
    }
    this.emit('saved', [this])
  }
  // After one that failed nobody knows what is durable, and a second one may succeed without it.
  async #sync(): Promise<void> {
    if (this.#broken) throw failure('store_failed')
    try {
      await this.#opened.store.sync?.()
    } catch (error) {
      this.#broken = true
      throw error
    }
  }
  // Made durable by whatever is synced next: it may speak of less than there is, never of more.
  async #acknowledge(closed = false): Promise<void> {
    const { head, store, lastSequence, size } = this.#opened
    Object.assign(head, { acknowledged: lastSequence, size, closed })
    const { offset, bytes } = slot(head)
    await store.overwrite?.(offset, bytes)
  }

  /**
   * Puts one snapshot in the place of snapshot and log: what is deleted goes, ids stay. A crash at any
   * moment leaves the old one or the new one, whole. Changes meanwhile go behind it.
   */
  async compact(): Promise<void> {
    this.#usable()
    if (this.readOnly) throw failure('read_only')
    await this.saved()
    await this.#inTurn(async () => {
      if (this.#broken) throw failure('store_failed')
      const opened = this.#opened
      await this.#packed()?.detach()
      const small = compact(await opened.merged())
      const snapshot = writeContainer(small)
      if (opened.keepCopy) await opened.setAside(0)
      const head = { ...opened.head, generation: opened.head.generation + 1, acknowledged: opened.lastSequence, closed: false }
      const bytes = content(head, Kind.snapshotContainer, opened.lastSequence, snapshot)
      try {
        await opened.replace(head, bytes)
      } catch (error) {
        // What is there now only who opens it again can tell.
        this.#broken ||= (error as { code?: string }).code === 'store_failed'
        throw error
      }
    })
  }

  /**
   * Says in the store that nothing is left to write, and lets go of it. The document stays. Where a change
   * could not be written it lets go all the same, and fails: the document has it, for another loadInto().
   */
  async close(): Promise<void> {
    if (this.#closed) return
    await this.#loading?.catch(() => {})
    try {
      if (!this.readOnly) await this.saved()
    } finally {
      this.#closed = true
      this.#doc?.off('update', this.#changed)
      await this.#inTurn(() => this.#letGo())
    }
  }
  async #letGo(): Promise<void> {
    const { store } = this.#opened
    try {
      await this.#packed()?.detach()
      if (this.readOnly || this.#broken || this.#pending.length > 0) return
      await this.#sync()
      await this.#acknowledge(true)
      await this.#sync()
    } finally {
      await store.close?.()
    }
  }

  // -- inside -------------------------------------------------------------------------------------

  // The container, as long as it is all there is.
  #unread(): Container | null {
    const { container, updates } = this.#opened
    return container !== null && updates === 0 && this.#pending.length === 0 ? container : null
  }
  // The container, the document, or as long as nobody has loaded that, one for this moment.
  async #ask<T>(ofContainer: (container: Container) => Promise<T>, ofDoc: (doc: Doc) => T): Promise<T> {
    this.#usable()
    const told = await this.#inTurn(async () => {
      const container = this.#unread()
      if (container !== null) return { value: await ofContainer(container) }
      if (this.#loading !== null) return null
      const doc = new Doc()
      try {
        applyUpdate(doc, await this.#opened.merged())
        return { value: ofDoc(doc) }
      } finally {
        doc.destroy()
      }
    })
    return told === null ? ofDoc(await this.#loading!) : told.value
  }
  // What the document has not unpacked yet.
  #packed(): Packed | null {
    return (this.#doc?._packed ?? null) as Packed | null
  }
  #usable(): void {
    if (this.#closed) throw failure('invalid_argument', 0, 'the file is closed: open it again')
  }
  #inTurn<T>(call: () => Promise<T>): Promise<T> {
    const turn = this.#last.then(call)
    this.#last = turn.catch(() => {})
    return turn
  }
}

// Edges are moved out of characters, inwards.
const partOf = (text: string, { from = 0, to = Number.MAX_SAFE_INTEGER }: TextRange): string => {
  if (from <= 0 && to >= text.length * 3) return text
  const bytes = new TextEncoder().encode(text)
  const isInside = (at: number): boolean => (bytes[at] & 0xc0) === 0x80
  let [begin, end] = [Math.max(from, 0), Math.min(to, bytes.length)]
  while (isInside(begin)) begin++
  while (isInside(end)) end--
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(begin, Math.max(begin, end)))
}
