// Where changes wait that are not acknowledged: IndexedDB, so that they survive a reload. The tabs of a
// browser share it; what one has left, another one delivers.
import type { Bytes } from './bytes.js'

/** Counts how often a document was replaced. */
export type Epoch = number

export interface StoredChange {
  /** Unique in its document: the tab's name and a number. */
  key: string
  /** Which document it belongs to, as far as that was known. */
  epoch: Epoch | null
  update: Bytes
}

/** Changes to a document that has since been replaced. */
export interface KeptAside {
  epoch: Epoch | null
  update: Bytes
  /** When it was put aside, in milliseconds since 1970. */
  at: number
}

/** What an outbox needs; applications may bring their own. Each call is done whole or not at all. */
export interface OutboxStorage {
  load(document: string): Promise<{ epoch: Epoch | null; changes: StoredChange[] }>
  write(document: string, added: StoredChange[], removed: string[]): Promise<void>
  setEpoch(document: string, epoch: Epoch): Promise<void>
  putAside(document: string, what: KeptAside, removed: string[]): Promise<void>
  aside(document: string): Promise<KeptAside[]>
  forgetAside(document: string): Promise<void>
}

const done = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onerror = transaction.onabort = () => reject(transaction.error ?? new Error('IndexedDB failed'))
  })

const resultOf = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error ?? new Error('IndexedDB failed'))
  })

/** All keys that begin with this document. */
const of = (document: string): IDBKeyRange => IDBKeyRange.bound([document], [document, []])

export class IndexedDbStorage implements OutboxStorage {
  #opened: Promise<IDBDatabase> | null = null

  constructor(private readonly name = 'ropewalk') {}

  async load(document: string): Promise<{ epoch: Epoch | null; changes: StoredChange[] }> {
    const transaction = await this.#begin(['changes', 'documents'], 'readonly')
    const [epoch, changes] = await Promise.all([
      resultOf<Epoch | undefined>(transaction.objectStore('documents').get(document)),
      resultOf<StoredChange[]>(transaction.objectStore('changes').getAll(of(document)))
    ])
    return { epoch: epoch ?? null, changes }
  }

  async write(document: string, added: StoredChange[], removed: string[]): Promise<void> {
    const transaction = await this.#begin(['changes'])
    const changes = transaction.objectStore('changes')
    for (const change of added) changes.put(change, [document, change.key])
    for (const key of removed) changes.delete([document, key])
    return done(transaction)
  }

  async setEpoch(document: string, epoch: Epoch): Promise<void> {
    const transaction = await this.#begin(['documents'])
    transaction.objectStore('documents').put(epoch, document)
    return done(transaction)
  }

  async putAside(document: string, what: KeptAside, removed: string[]): Promise<void> {
    const transaction = await this.#begin(['aside', 'changes'])
    // Two tabs may put the same changes aside in the same millisecond.
    const name = `${what.at} ${crypto.getRandomValues(new Uint32Array(1))[0]}`
    transaction.objectStore('aside').put(what, [document, name])
    for (const key of removed) transaction.objectStore('changes').delete([document, key])
    return done(transaction)
  }

  async aside(document: string): Promise<KeptAside[]> {
    const transaction = await this.#begin(['aside'], 'readonly')
    return resultOf(transaction.objectStore('aside').getAll(of(document)))
  }

  async forgetAside(document: string): Promise<void> {
    const transaction = await this.#begin(['aside'])
    transaction.objectStore('aside').delete(of(document))
    return done(transaction)
  }

  async #begin(stores: string[], mode: IDBTransactionMode = 'readwrite'): Promise<IDBTransaction> {
    this.#opened ??= this.#open()
    try {
      return (await this.#opened).transaction(stores, mode)
    } catch (error) {
      // The next call tries anew.
      this.#opened = null
      throw error
    }
  }

  #open(): Promise<IDBDatabase> {
    const request = indexedDB.open(this.name, 1)
    request.onupgradeneeded = () => {
      for (const store of ['changes', 'documents', 'aside']) request.result.createObjectStore(store)
    }
    return resultOf(request).then((database) => {
      // Another tab with a newer version, or the user who clears the site: the next call opens it anew.
      database.onversionchange = () => {
        this.#opened = null
        database.close()
      }
      database.onclose = () => (this.#opened = null)
      return database
    })
  }
}

/** For tests, and where there is no IndexedDB: nothing survives, everything else is the same. */
export class MemoryStorage implements OutboxStorage {
  readonly documents = new Map<string, { epoch: Epoch | null; changes: Map<string, StoredChange>; aside: KeptAside[] }>()

  async load(document: string): Promise<{ epoch: Epoch | null; changes: StoredChange[] }> {
    const { epoch, changes } = this.#of(document)
    return { epoch, changes: [...changes.values()] }
  }

  async write(document: string, added: StoredChange[], removed: string[]): Promise<void> {
    const { changes } = this.#of(document)
    for (const change of added) changes.set(change.key, change)
    for (const key of removed) changes.delete(key)
  }

  async setEpoch(document: string, epoch: Epoch): Promise<void> {
    this.#of(document).epoch = epoch
  }

  async putAside(document: string, what: KeptAside, removed: string[]): Promise<void> {
    this.#of(document).aside.push(what)
    await this.write(document, [], removed)
  }

  async aside(document: string): Promise<KeptAside[]> {
    return [...this.#of(document).aside]
  }

  async forgetAside(document: string): Promise<void> {
    this.#of(document).aside = []
  }

  #of(document: string) {
    let found = this.documents.get(document)
    if (found === undefined) {
      this.documents.set(document, (found = { epoch: null, changes: new Map(), aside: [] }))
    }
    return found
  }
}

/** What an application has chosen: null is memory alone. */
export const storageOf = (chosen: OutboxStorage | null | undefined): OutboxStorage => {
  const memory = chosen === null || (chosen === undefined && typeof indexedDB === 'undefined')
  return memory ? new MemoryStorage() : (chosen ?? new IndexedDbStorage())
}
