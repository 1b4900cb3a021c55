// A container, read a range at a time; and as the history of a document that is not unpacked yet.
import type { PackedHistory } from '../doc/Doc.js'
import { made as madeNumber, memory, putBytes, putString, reserve } from '../engine/wasm.js'
import { RopewalkError } from '../index.js'
import { answer, check, type Decompress, failure, made, reading, rest, stored, taken, withDecompress } from './module.js'
import type { Source } from './source.js'

type Bytes = Uint8Array<ArrayBuffer>

/** A part of a text, by bytes of UTF-8. Characters that its edges cut through are left out. */
export interface TextRange {
  from?: number
  to?: number
}

export interface ContainerState {
  /** Of all clients together. */
  units: number
  clients: number
  pages: number
  /** What is deleted has no content. */
  collected: boolean
  /** Parts wait for others that have not arrived. */
  waiting: boolean
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
const isInside = (byte: number): boolean => (byte & 0xc0) === 0x80

/** Text without the characters that were cut through at its edges. */
const wholeCharacters = (bytes: Uint8Array, offset: number): string => {
  let from = 0
  while (from < 3 && from < bytes.length && isInside(bytes[from])) from++
  let to = bytes.length
  let last = to
  while (last > from && to - last < 4 && isInside(bytes[last - 1])) last--
  if (last > from) {
    const lead = bytes[last - 1]
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4
    if (last - 1 + length > to) to = last - 1
  }
  try {
    return utf8.decode(bytes.subarray(from, to))
  } catch {
    throw failure('damaged', offset)
  }
}

export class Container {
  readonly #zstd: number

  constructor(
    readonly source: Source,
    readonly offset: number,
    readonly size: number,
    private readonly decompress: Decompress | null
  ) {
    this.#zstd = decompress === null ? 0 : 1
  }

  state(): Promise<ContainerState> {
    return this.#run(() => {
      check(stored().rw_container(this.size, this.#zstd))
      const from = answer()
      const [units, clients, pages, flags] = [from.uint(), from.uint(), from.uint(), from.uint()]
      return { units, clients, pages, collected: (flags & 1) !== 0, waiting: (flags & 2) !== 0 }
    })
  }
  textSize(root: string): Promise<number> {
    return this.#run(() => {
      const module = stored()
      check(module.rw_container_text_size(this.size, this.#zstd, putString(root)))
      return answer().uint()
    })
  }
  text(root: string, range: TextRange = {}): Promise<string> {
    return this.#run(() => this.#text(root, range))
  }
  stateVector(): Promise<Bytes> {
    return this.#run(() => this.#stateVector())
  }
  async diff(stateVector: Uint8Array | undefined): Promise<Bytes> {
    return this.#of(await this.bytes(), (bytes) => this.#diff(bytes, stateVector))
  }
  async unpack(): Promise<{ update: Bytes; isV2: boolean }> {
    return this.#of(await this.bytes(), (bytes) => this.#unpack(bytes))
  }
  /** Every page, and whether the history can be read to its end. */
  async verify(): Promise<void> {
    this.#of(await this.bytes(), (bytes) => {
      const module = stored()
      check(module.rw_container_verify(putBytes(bytes), this.#zstd))
      rest()
    })
  }
  bytes(): Promise<Uint8Array> {
    return this.source.read(this.offset, this.size)
  }

  /** For a document: all that it asks for is at hand, in the store or as `bytes`. */
  packed(bytes: Uint8Array | null): Packed {
    return new Packed(this, bytes)
  }

  // -- for documents, which do not wait -----------------------------------------------------------

  textNow(held: Uint8Array | null, root: string): string {
    return this.#now(held, () => this.#text(root, {}))
  }
  stateVectorNow(held: Uint8Array | null): Bytes {
    return this.#now(held, () => this.#stateVector())
  }
  diffNow(held: Uint8Array | null, stateVector: Uint8Array | undefined): Bytes {
    return this.#of(this.#bytesNow(held), (bytes) => this.#diff(bytes, stateVector))
  }
  unpackNow(held: Uint8Array | null): { update: Bytes; isV2: boolean } {
    return this.#of(this.#bytesNow(held), (bytes) => this.#unpack(bytes))
  }
  #bytesNow(held: Uint8Array | null): Uint8Array {
    return held ?? this.source.at(this.offset, this.size)!
  }
  #now<T>(held: Uint8Array | null, call: () => T): T {
    const from = held === null ? this.source.part(this.offset) : { at: (at: number, size: number) => held.subarray(at, at + size) }
    return this.#explained(() => reading(from, call) as T)
  }

  // -- the calls ----------------------------------------------------------------------------------

  #run<T>(call: () => T): Promise<T> {
    return this.source.run(this.offset, () => this.#explained(call))
  }
  #of<T>(bytes: Uint8Array, call: (bytes: Uint8Array) => T): T {
    return this.#explained(() => call(bytes))
  }
  // Offsets are those of the file, and pages that nobody can unpack have a sentence of their own.
  #explained<T>(call: () => T): T {
    try {
      return withDecompress(this.decompress, call)
    } catch (error) {
      if (!(error instanceof RopewalkError)) throw error
      const { code, offset } = error
      if (code === 'newer_format' && this.#zstd === 0) {
        throw failure(
          code,
          this.offset,
          'this container is of a newer version, or compressed with zstd: give `zstd`, a function that unpacks that, in the options'
        )
      }
      if (this.offset === 0 || (code !== 'damaged' && code !== 'not_ours')) throw error
      // It stands where a record says that there is one.
      throw failure('damaged', this.offset + offset)
    }
  }
  #text(root: string, { from = 0, to = Number.MAX_SAFE_INTEGER }: TextRange): string {
    const module = stored()
    const name = putString(root)
    check(module.rw_container_text(this.size, this.#zstd, name, from, Math.max(to - from, 0)))
    return wholeCharacters(taken(), this.offset)
  }
  #stateVector(): Bytes {
    check(stored().rw_container_vector(this.size, this.#zstd))
    return taken()
  }
  #diff(bytes: Uint8Array, stateVector: Uint8Array = new Uint8Array(0)): Bytes {
    const module = stored()
    const at = reserve(bytes.length + stateVector.length)
    memory().set(bytes, at)
    memory().set(stateVector, at + bytes.length)
    check(module.rw_container_diff(bytes.length, this.#zstd, stateVector.length))
    return taken()
  }
  #unpack(bytes: Uint8Array): { update: Bytes; isV2: boolean } {
    const module = stored()
    check(module.rw_container_unpack(putBytes(bytes), this.#zstd))
    const isV2 = madeNumber() === 1
    return { update: taken(), isV2 }
  }
}

/** What a document asks, answered from the container. */
export class Packed implements PackedHistory {
  constructor(
    private readonly container: Container,
    private bytes: Uint8Array | null
  ) {}

  /** From now on the store is not needed: it may be replaced, or closed. */
  async detach(): Promise<void> {
    this.bytes ??= (await this.container.bytes()).slice()
  }
  text(root: string): string | null {
    const text = this.container.textNow(this.bytes, root)
    // What stands here may be a lone surrogate, which the history knows.
    return text.includes('\ufffd') ? null : text
  }
  stateVector(): Bytes {
    return this.container.stateVectorNow(this.bytes)
  }
  diff(stateVector: Uint8Array | undefined): Bytes {
    return this.container.diffNow(this.bytes, stateVector)
  }
  unpack(): { update: Uint8Array; isV2: boolean } {
    return this.container.unpackNow(this.bytes)
  }
}

export interface WriteOptions {
  /** The update is in format V2. */
  v2?: boolean
  /** What is deleted loses its content (default: true). */
  collect?: boolean
}

/** The document that an update makes, as a container: to be put on a server, or behind a CDN. */
export const writeContainer = (update: Uint8Array, { v2 = false, collect = true }: WriteOptions = {}): Bytes =>
  made(update, (module, size) => module.rw_container_write(size, v2 ? 1 : 0, collect ? 1 : 0))

export const isContainer = (start: Uint8Array): boolean =>
  [0x89, 0x52, 0x57, 0x43, 0x0d, 0x0a, 0x1a, 0x0a].every((byte, i) => start[i] === byte)
