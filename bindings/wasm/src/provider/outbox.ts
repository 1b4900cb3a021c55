// Changes that are not known to be durable on the server. Each stays here, in memory and in a storage
// that survives a reload, until it is acknowledged. Which numbered message carries a change is known
// for one connection only; the next one offers it again.
import { mergeUpdates } from '../index.js'
import type { Bytes } from './bytes.js'
import type { Epoch, KeptAside, OutboxStorage, StoredChange } from './storage.js'

interface Change extends StoredChange {
  /** The first and the last message that carry it; 0: none in this connection. */
  from: number
  to: number
  /** The server said no. It is offered again in the next connection. */
  isRefused: boolean
}

function mark(changes: Iterable<Change>, from: number, to: number): void {
  for (const change of changes) Object.assign(change, { from, to, isRefused: false })
}

/** What a closed tab has left of an older epoch. */
export interface OldChanges {
  epoch: Epoch
  update: Bytes
  changes: StoredChange[]
}

/** So many that wait unsent become one. */
const mergeAt = 200

let tabs = 0

export class Outbox {
  /** That of the document here, as far as it is known. */
  epoch: Epoch | null = null
  /** That of what is written here: another one, as long as a copy is kept that was replaced. */
  #written: Epoch | null = null
  #old: StoredChange[] = []
  /** Resolves when the storage was read for the first time. */
  readonly loaded: Promise<Bytes[]>
  #changes = new Map<string, Change>()
  #tab = `${Date.now().toString(36)}.${crypto.getRandomValues(new Uint32Array(1))[0].toString(36)}.${++tabs}`
  #counter = 0
  /** What the storage has, or is about to have. */
  #stored = new Set<string>()
  #toWrite = new Set<string>()
  #toRemove = new Set<string>()
  #writing: Promise<void> | null = null

  constructor(
    private readonly document: string,
    private readonly storage: OutboxStorage,
    private readonly failed: (error: unknown) => void
  ) {
    this.loaded = this.adopt()
  }

  /** How many changes wait. */
  get size(): number {
    return this.#changes.size
  }

  /** All that waits as one update, or null. */
  content(): Bytes | null {
    return this.size === 0 ? null : mergeUpdates([...this.#changes.values()].map(({ update }) => update))
  }

  /** A change was made here. */
  add(update: Bytes): void {
    this.#put(update)
    if (this.size >= mergeAt) this.#mergeUnsent()
  }

  /**
   * Sends what no message of this connection carries yet, as one update if that can be. `send` tells in
   * which messages it went, or null: it cannot go.
   */
  sendRest(send: (update: Bytes) => [from: number, to: number] | null): void {
    const rest = this.#unsent()
    if (rest.length > 1) {
      const numbers = send(mergeUpdates(rest.map(({ update }) => update)))
      if (numbers !== null) return mark(rest, ...numbers)
    }
    for (const change of rest) {
      const numbers = send(change.update)
      if (numbers === null) change.isRefused = true
      else mark([change], ...numbers)
    }
  }

  /** What other tabs, and this page before it was reloaded, have left in the storage and is new here. */
  async adopt(): Promise<Bytes[]> {
    let found
    try {
      found = await this.storage.load(this.document)
    } catch (error) {
      this.failed(error)
      return []
    }
    if (this.epoch === null) this.epoch = this.#written = found.epoch
    const strange = found.changes.filter(({ key }) => !this.#changes.has(key) && !this.#toRemove.has(key))
    // Those of another epoch do not fit this copy: older ones are translated, and newer ones belong to a
    // tab that is ahead of this one.
    const current = this.epoch
    const isOlder = ({ epoch }: StoredChange): boolean => epoch !== null && current !== null && epoch < current
    this.#old = strange.filter(isOlder)
    const ours = strange.filter(({ epoch }) => epoch === null || current === null || epoch === current)
    for (const change of ours) {
      this.#stored.add(change.key)
      this.#changes.set(change.key, { ...change, from: 0, to: 0, isRefused: false })
    }
    return ours.map(({ update }) => update)
  }

  /** The messages from `from` to `to` carry all that is here, but for what `canGo` says no to. */
  offered(from: number, to: number, canGo: (update: Bytes) => boolean): void {
    for (const change of this.#changes.values()) {
      if (canGo(change.update)) mark([change], from, to)
      else change.isRefused = true
    }
  }

  /** The messages up to this one are durable. */
  acknowledged(number: number): void {
    for (const [key, { to, isRefused }] of this.#changes) {
      if (to > 0 && to <= number && !isRefused) this.#remove(key)
    }
    this.#write()
  }

  /** All that is here goes with this message. */
  brought(number: number): void {
    mark(this.#changes.values(), number, number)
  }

  /** What closed tabs have left of older epochs; it is for the caller to deliver. */
  takeOld(): OldChanges[] {
    const epochs = new Map<Epoch, StoredChange[]>()
    for (const change of this.#old) epochs.set(change.epoch!, [...(epochs.get(change.epoch!) ?? []), change])
    this.#old = []
    return [...epochs].map(([epoch, changes]) => ({
      epoch,
      changes,
      update: mergeUpdates(changes.map(({ update }) => update))
    }))
  }

  /** It was not delivered. */
  keepOld({ changes }: OldChanges): void {
    this.#old.push(...changes)
  }

  /** It was. */
  dropOld({ changes }: OldChanges): void {
    for (const { key } of changes) this.#toRemove.add(key)
    this.#write()
  }

  putOldAside({ changes }: OldChanges): void {
    void this.#putAside(changes)
  }

  refused(number: number): void {
    for (const change of this.#changes.values()) {
      if (change.from <= number && number <= change.to) change.isRefused = true
    }
  }

  /** The other side tells nothing of what is durable: what was handed over is all we know. */
  handedOver(): void {
    for (const key of this.#changes.keys()) this.#remove(key)
    this.#write()
  }

  /** Numbers begin anew. */
  disconnected(): void {
    mark(this.#changes.values(), 0, 0)
  }

  /** From now on changes belong to this one. Those that wait come along if they belonged to none yet. */
  async joined(epoch: Epoch): Promise<void> {
    if (epoch === this.epoch && epoch === this.#written) return
    this.epoch = this.#written = epoch
    for (const change of this.#changes.values()) {
      change.epoch = epoch
      this.#toWrite.add(change.key)
    }
    this.#write()
    await this.storage.setEpoch(this.document, epoch).catch(this.failed)
  }

  /** The document was replaced: what waits is kept aside, and returned as one update. */
  async replaced(epoch: Epoch | null): Promise<Bytes | null> {
    const content = this.content()
    const changes = [...this.#changes.values()]
    this.#changes.clear()
    if (changes.length > 0) await this.#putAside(changes)
    this.epoch = epoch
    if (epoch !== null) await this.storage.setEpoch(this.document, epoch).catch(this.failed)
    return content
  }

  aside(): Promise<KeptAside[]> {
    return this.storage.aside(this.document)
  }

  forgetAside(): Promise<void> {
    return this.storage.forgetAside(this.document)
  }

  /** Resolves when all that was said so far is in the storage. */
  async written(): Promise<void> {
    while (this.#writing !== null) await this.#writing
  }

  #unsent(): Change[] {
    return [...this.#changes.values()].filter(({ to, isRefused }) => to === 0 && !isRefused)
  }

  #put(update: Bytes): void {
    const key = `${this.#tab}.${++this.#counter}`
    this.#changes.set(key, { key, epoch: this.#written, update, from: 0, to: 0, isRefused: false })
    this.#toWrite.add(key)
    this.#write()
  }

  #remove(key: string): void {
    this.#changes.delete(key)
    this.#toWrite.delete(key)
    // One that was never written need not be removed.
    if (this.#stored.delete(key)) this.#toRemove.add(key)
  }

  #mergeUnsent(): void {
    const unsent = this.#unsent()
    if (unsent.length < mergeAt) return
    const update = mergeUpdates(unsent.map((change) => change.update))
    for (const { key } of unsent) this.#remove(key)
    this.#put(update)
  }

  async #putAside(changes: StoredChange[]): Promise<void> {
    const update = mergeUpdates(changes.map((change) => change.update))
    const keys = changes.map(({ key }) => key)
    for (const key of keys) this.#toWrite.delete(key)
    const what = { epoch: changes[0].epoch, update, at: Date.now() }
    await this.storage.putAside(this.document, what, keys).catch(this.failed)
  }

  /** One write at a time: what comes meanwhile goes together with the next. */
  #write(): void {
    this.#writing ??= this.#writeAll()
  }

  async #writeAll(): Promise<void> {
    // What is made and handed over in one go is never written.
    await Promise.resolve()
    while (this.#toWrite.size + this.#toRemove.size > 0) {
      const added = [...this.#toWrite].map((key) => this.#changes.get(key)).filter((change) => change !== undefined)
      const removed = [...this.#toRemove]
      for (const { key } of added) this.#stored.add(key)
      this.#toWrite.clear()
      this.#toRemove.clear()
      try {
        await this.storage.write(
          this.document,
          added.map(({ key, epoch, update }) => ({ key, epoch, update })),
          removed
        )
      } catch (error) {
        // They stay in memory, and are tried again with the next change.
        for (const { key } of added) if (this.#changes.has(key)) this.#toWrite.add(key)
        for (const key of removed) this.#toRemove.add(key)
        this.failed(error)
        break
      }
    }
    // In one go with the last look: what comes after it begins anew.
    this.#writing = null
  }
}
