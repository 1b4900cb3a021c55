// Where stored bytes are. What somebody brings needs three calls: read, append, swap.

type Soon<T> = T | Promise<T>

/**
 * Bytes that last: a file, a database, whatever else can read a range, append and replace. One call at
 * a time is under way, but for readNow().
 */
export interface ByteStore {
  /** How many there are; 0: nothing has been stored yet. */
  size(): Soon<number>
  /** All bytes of a range that is there. */
  read(offset: number, size: number): Soon<Uint8Array>
  /** The same at once, where that is possible: a document is then unpacked when it has to be. */
  readNow?(offset: number, size: number): Uint8Array
  /** Writes at the end: all, or nothing that stays. Left out: the store can only be read. */
  append?(bytes: Uint8Array): Soon<void>
  /**
   * Replaces everything in one step: whoever reads later finds the old bytes or the new ones, whole. Where it
   * fails and the old ones may be gone, the error has the code `store_failed`: nothing is written any more.
   */
  swap?(bytes: Uint8Array): Soon<void>
  /** Writes over bytes that are there. Without it the head is as it was when the file was written. */
  overwrite?(offset: number, bytes: Uint8Array): Soon<void>
  /** Makes it shorter. Without it the whole is swapped. */
  cut?(size: number): Soon<void>
  /** Resolves when what was written survives a loss of power. Without it append() is as good as that. */
  sync?(): Soon<void>
  /** Keeps bytes that were found damaged, and answers where. Without it the report has them. */
  setAside?(bytes: Uint8Array): Soon<string>
  /** The bytes before the last swap, if they are kept. */
  previous?(): Soon<ByteStore | null>
  close?(): Soon<void>
}

export interface StoreOptions {
  /** Nobody is to write: no lock is taken. */
  readOnly: boolean
  /** Whether there will be one if there is none. */
  create: boolean
  /** What a change survives once it is saved. */
  durability: Durability
}
/** What a change survives once it is saved: the end of the program, or a loss of power, too. */
export type Durability = 'kill' | 'power_loss'

/** Somewhere a store can be opened. */
export interface Place {
  /** In words, for errors. */
  readonly name: string
  /** null: there is nothing, and nothing is to be created. */
  openStore(options: StoreOptions): Promise<ByteStore | null>
}

/** Bytes in memory, to be read. */
export class BytesStore implements ByteStore {
  constructor(private readonly bytes: Uint8Array) {}
  size(): number {
    return this.bytes.length
  }
  read(offset: number, size: number): Uint8Array {
    return this.bytes.subarray(offset, offset + size)
  }
  readNow(offset: number, size: number): Uint8Array {
    return this.read(offset, size)
  }
}

/** A store in memory: for tests, and for who moves the bytes himself. */
export class MemoryStore implements ByteStore {
  #bytes: Uint8Array

  constructor(bytes: Uint8Array = new Uint8Array(0)) {
    this.#bytes = bytes.slice()
  }
  /** All of it, as a copy. */
  get bytes(): Uint8Array {
    return this.#bytes.slice()
  }
  size(): number {
    return this.#bytes.length
  }
  read(offset: number, size: number): Uint8Array {
    return this.#bytes.slice(offset, offset + size)
  }
  readNow(offset: number, size: number): Uint8Array {
    return this.read(offset, size)
  }
  append(bytes: Uint8Array): void {
    this.#bytes = joined([this.#bytes, bytes])
  }
  overwrite(offset: number, bytes: Uint8Array): void {
    this.#bytes.set(bytes, offset)
  }
  cut(size: number): void {
    this.#bytes = this.#bytes.slice(0, size)
  }
  swap(bytes: Uint8Array): void {
    this.#bytes = bytes.slice()
  }
}

export const joined = (parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> => {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
