// Documents in IndexedDB: the bytes of a file in parts, as they were written. A transaction of the
// database is one step, so that nothing is ever half written.
import { awaited } from './access.js'
import { lock } from './locks.js'
import { failure } from './module.js'
import { mergeUpdates } from '../index.js'
import { type ByteStore, joined, type Place, type StoreOptions } from './store.js'

export interface IndexedDbOptions {
  /** The name of the database (default: `ropewalk`). It may have any number of documents. */
  database?: string
}

/** A document in IndexedDB, by its name. */
export const indexedDb = (name: string, { database = 'ropewalk' }: IndexedDbOptions = {}): Place => ({
  name: `${database}/${name}`,
  openStore: (options) => awaited(() => IdbStore.open(database, name, options))
})

const SIZES = 'sizes'
const PARTS = 'parts'
/** Parts of a new content. The slots of the head are written again and again: they are for themselves. */
const HEAD_PARTS = [0, 64, 2048, 2112, 4032]
const PART = 1 << 16

const done = <T>(request: IDBRequest<T>): Promise<T> =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result)
    request.onerror = () => reject(request.error)
  })
const ended = (transaction: IDBTransaction): Promise<void> =>
  new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve()
    transaction.onabort = () => reject(transaction.error ?? failure('io_failed', 0, 'the database gave up a transaction'))
  })

const openDatabase = (name: string): Promise<IDBDatabase> => {
  if (typeof indexedDB === 'undefined') throw failure('not_permitted', 0, 'there is no IndexedDB here')
  const request = indexedDB.open(name, 1)
  request.onupgradeneeded = () => {
    request.result.createObjectStore(SIZES)
    request.result.createObjectStore(PARTS)
  }
  return done(request)
}

const locked = async (name: string): Promise<() => void> => {
  const release = await lock(name)
  if (release !== null) return release
  throw failure('not_permitted', 0, 'IndexedDB cannot be locked here: this needs Web Locks, which browsers have in secure contexts (https)')
}

class IdbStore implements ByteStore {
  #size: number

  private constructor(
    private readonly database: IDBDatabase,
    private readonly name: string,
    private readonly durability: IDBTransactionDurability,
    private readonly release: () => void,
    size: number
  ) {
    this.#size = size
  }

  static async open(database: string, name: string, { readOnly, create, durability }: StoreOptions): Promise<IdbStore | null> {
    const release = readOnly ? () => {} : await locked(`ropewalk:${database}:${name}`)
    let opened: IDBDatabase | null = null
    try {
      opened = await openDatabase(database)
      const base = opened
      base.onversionchange = () => base.close()
      const size: number = (await done(base.transaction(SIZES).objectStore(SIZES).get(name))) ?? 0
      if (size === 0 && (readOnly || !create)) {
        base.close()
        release()
        return null
      }
      return new IdbStore(base, name, durability === 'power_loss' ? 'strict' : 'relaxed', release, size)
    } catch (error) {
      opened?.close()
      release()
      throw error
    }
  }

  size(): number {
    return this.#size
  }
  read(offset: number, size: number): Promise<Uint8Array> {
    return awaited(async () => {
      const parts = this.database.transaction(PARTS).objectStore(PARTS)
      // The part that the first byte is in, and those that begin behind it.
      const first = done(parts.openCursor(IDBKeyRange.bound([this.name, 0], [this.name, offset]), 'prev'))
      const rest = done(parts.getAll(IDBKeyRange.bound([this.name, offset], [this.name, offset + size], true, true)))
      const at = await first
      if (at === null) return new Uint8Array(0)
      const [, begin] = at.key as [string, number]
      const bytes = joined([at.value as Uint8Array, ...(await rest)])
      return bytes.subarray(offset - begin, offset - begin + size)
    })
  }
  append(bytes: Uint8Array): Promise<void> {
    return this.#write(this.durability, ({ parts, sizes }) => {
      parts.put(bytes, [this.name, this.#size])
      sizes.put(this.#size + bytes.length, this.name)
    }).then(() => {
      this.#size += bytes.length
    })
  }
  // The head: made durable by whatever is next.
  overwrite(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#write('relaxed', ({ parts }) => {
      const request = parts.openCursor(IDBKeyRange.bound([this.name, 0], [this.name, offset]), 'prev')
      request.onsuccess = () => {
        const at = request.result!
        const part = (at.value as Uint8Array).slice()
        part.set(bytes, offset - (at.key as [string, number])[1])
        at.update(part)
      }
    })
  }
  cut(size: number): Promise<void> {
    return this.#write('strict', ({ parts, sizes }) => {
      const request = parts.openCursor(IDBKeyRange.bound([this.name, 0], [this.name, size], false, true), 'prev')
      request.onsuccess = () => {
        const at = request.result
        const begin = at === null ? 0 : (at.key as [string, number])[1]
        at?.update((at.value as Uint8Array).slice(0, size - begin))
        parts.delete(IDBKeyRange.bound([this.name, size], [this.name, Infinity]))
        sizes.put(size, this.name)
      }
    }).then(() => {
      this.#size = size
    })
  }
  /** One that is durable makes all before it durable. */
  sync(): Promise<void> {
    if (this.durability === 'strict') return Promise.resolve()
    return this.#write('strict', ({ sizes }) => sizes.put(this.#size, this.name))
  }
  swap(bytes: Uint8Array): Promise<void> {
    return this.#write('strict', ({ parts, sizes }) => {
      parts.delete(IDBKeyRange.bound([this.name, 0], [this.name, Infinity]))
      const begins = [...HEAD_PARTS]
      for (let at = begins.at(-1)! + PART; at < bytes.length; at += PART) begins.push(at)
      begins.forEach((at, i) => parts.put(bytes.slice(at, begins[i + 1]), [this.name, at]))
      sizes.put(bytes.length, this.name)
    }).then(() => {
      this.#size = bytes.length
    })
  }
  /** As a document of its own, which is never opened. */
  async setAside(bytes: Uint8Array): Promise<string> {
    let name = ''
    await this.#write('strict', ({ parts, sizes }) => {
      const request = sizes.getAllKeys()
      request.onsuccess = () => {
        let number = 1
        while (request.result.includes(`${this.name}.damaged-${number}`)) number++
        name = `${this.name}.damaged-${number}`
        parts.put(bytes, [name, 0])
        sizes.put(bytes.length, name)
      }
    })
    return name
  }
  close(): void {
    this.database.close()
    this.release()
  }

  #write(durability: IDBTransactionDurability, write: (stores: { parts: IDBObjectStore; sizes: IDBObjectStore }) => void): Promise<void> {
    return awaited(() => {
      const transaction = this.database.transaction([PARTS, SIZES], 'readwrite', { durability })
      write({ parts: transaction.objectStore(PARTS), sizes: transaction.objectStore(SIZES) })
      return ended(transaction)
    })
  }
}

/** All that y-indexeddb has stored under a name, as one update; null: nothing. It stays there. */
export const readYIndexeddb = (name: string): Promise<Uint8Array<ArrayBuffer> | null> =>
  awaited(async () => {
    if (!(await indexedDB.databases()).some((known) => known.name === name)) return null
    const database = await done(indexedDB.open(name))
    try {
      if (!database.objectStoreNames.contains('updates')) return null
      const updates: Uint8Array[] = await done(database.transaction('updates').objectStore('updates').getAll())
      return updates.length === 0 ? null : mergeUpdates(updates)
    } finally {
      database.close()
    }
  })
