// A part of a store as the module reads it: at once where the store can, else fetched and asked again.
import { failure, type Held, type Missing, reading } from './module.js'
import type { ByteStore } from './store.js'

interface Piece {
  offset: number
  bytes: Uint8Array
}

/** Reads that were asked for together come in at least so many bytes. */
const LEAST = 4096

export class Source implements Held {
  /** Bytes that were read from the store. */
  touched = 0
  #pieces: Piece[] = []

  constructor(
    readonly store: ByteStore,
    readonly size: number
  ) {}

  /** Bytes that are at hand already, and stay so. */
  hold(offset: number, bytes: Uint8Array): void {
    this.#pieces.push({ offset, bytes })
  }
  letGo(): void {
    this.#pieces = []
  }

  at(offset: number, size: number): Uint8Array | null {
    for (const piece of this.#pieces) {
      const from = offset - piece.offset
      if (from >= 0 && from + size <= piece.bytes.length) return piece.bytes.subarray(from, from + size)
    }
    const { store } = this
    if (store.readNow === undefined) return null
    return this.#whole(offset, size, store.readNow(offset, size))
  }

  async read(offset: number, size: number): Promise<Uint8Array> {
    return this.at(offset, size) ?? this.#whole(offset, size, await this.store.read(offset, size))
  }

  /** A part of it, as the module sees one. */
  part(offset: number): Held {
    return offset === 0 ? this : { at: (from, size) => this.at(offset + from, size) }
  }

  /** Calls the module, which reads from `offset` on, as often as something was missing. */
  async run<T>(offset: number, call: () => T): Promise<T> {
    const before = this.#pieces.length
    try {
      for (;;) {
        const outcome = reading(this.part(offset), call)
        if (!isMissing(outcome)) return outcome
        await this.#fetch(offset + outcome.missing.offset, outcome.missing.size)
      }
    } finally {
      // What is large was for this call.
      this.#pieces = this.#pieces.filter(({ bytes }, i) => i < before || (bytes.length <= 1 << 17 && i < 64))
    }
  }

  async #fetch(offset: number, size: number): Promise<void> {
    const wanted = Math.min(Math.max(size, LEAST), this.size - offset)
    this.hold(offset, this.#whole(offset, wanted, await this.store.read(offset, wanted)))
  }

  #whole(offset: number, size: number, bytes: Uint8Array): Uint8Array {
    this.touched += size
    if (bytes.length === size) return bytes
    throw failure('io_failed', offset, `${bytes.length} bytes were read where ${size} are: the store answers something else than it says`)
  }
}

const isMissing = <T>(outcome: T | { missing: Missing }): outcome is { missing: Missing } =>
  typeof outcome === 'object' && outcome !== null && 'missing' in outcome
