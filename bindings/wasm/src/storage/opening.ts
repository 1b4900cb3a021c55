// What is found when a store is opened, and what is done about it.
import { convertUpdateFormatV2ToV1, mergeUpdates } from '../index.js'
import { Container, isContainer } from './container.js'
import type { FileReport } from './DocumentFile.js'
import { content, type Entry, FIRST_RECORD, type Head, Kind, payloadLength, RECORD_HEADER, type Scan, scan, type Snapshot } from './log.js'
import { type Decompress, failure, reading } from './module.js'
import { Source } from './source.js'
import { type ByteStore, BytesStore, type Durability, joined } from './store.js'

type Bytes = Uint8Array<ArrayBuffer>

export interface OpenOptions {
  /** Creates it if there is none (default: true). */
  create?: boolean
  /** Reads it as it is now; takes no lock. Changes of the document stay in memory. */
  readOnly?: boolean
  /**
   * What a change survives once it is saved. 'power_loss' (default): that the power fails, for the disk has
   * confirmed it. 'kill': the end of the program, whatever ends it; a loss of power may take the newest.
   */
  durability?: Durability
  /** Compares every byte of the snapshot with its checksum, not only what is read. */
  verify?: boolean
  /** Also opens what is left where the snapshot is lost. */
  salvage?: boolean
  /** Unpacks pages that zstd has compressed: bytes and how many come out. */
  zstd?: Decompress
}

const EMPTY = new Uint8Array(2)
/** What the first read takes: head and snapshot begin there, and most of a container's directory. */
export const FIRST_READ = 1 << 14

/** A store that was read, as far as needed. */
export class Opened {
  updates: number
  updateBytes: number
  /** Of the whole store. */
  size: number
  lastSequence: number
  /** The whole is to be kept before it is replaced, damaged as it is. */
  keepCopy: boolean
  #entries: Entry[]

  constructor(
    readonly store: ByteStore,
    public source: Source,
    public head: Head,
    public snapshot: Snapshot | null,
    public container: Container | null,
    readonly readOnly: boolean,
    readonly report: FileReport,
    found: Pick<Scan, 'entries' | 'lastSequence' | 'damaged'>,
    private readonly zstd: Decompress | null
  ) {
    this.#entries = found.entries
    this.updates = found.entries.length
    this.updateBytes = found.entries.reduce((sum, { size }) => sum + RECORD_HEADER + size, 0)
    this.size = source.size
    this.lastSequence = found.lastSequence
    this.keepCopy = found.damaged
  }

  /** The snapshot as an update. */
  async base(): Promise<{ update: Uint8Array; isV2: boolean }> {
    if (this.container !== null) return this.container.unpack()
    if (this.snapshot === null) return { update: EMPTY, isV2: false }
    return { update: await this.#read(this.snapshot), isV2: false }
  }
  /** The updates behind it. */
  async log(): Promise<Uint8Array[]> {
    const updates: Uint8Array[] = []
    for (const entry of this.#entries) updates.push((await this.#read(entry)).slice())
    return updates
  }
  /** All of it as one update, without what was deleted. */
  async merged(): Promise<Bytes> {
    const { update, isV2 } = await this.base()
    const base = isV2 ? convertUpdateFormatV2ToV1(update) : update
    return mergeUpdates([base, ...(await this.log())], { collect: true })
  }
  async #read({ offset, size }: { offset: number; size: number }): Promise<Uint8Array> {
    const held = this.source.at(offset, size)
    return held ?? (await this.store.read(offset, size))
  }

  /** A record was written at the end. */
  appended(bytes: number, payload: number): void {
    this.size += bytes
    this.lastSequence++
    this.updates++
    this.updateBytes += bytes
    this.#entries.push({ offset: this.size - payload, size: payload, sequence: this.lastSequence })
  }
  /** Keeps what is there from `from` on where it is not in the way. */
  async setAside(from: number): Promise<void> {
    this.report.setAside = await setAside(this.store, from, this.size)
    this.keepCopy = false
  }
  /** A new snapshot takes the place of everything. */
  async replace(head: Head, bytes: Bytes): Promise<void> {
    await this.store.swap!(bytes)
    const { touched } = this.source
    this.source = new Source(this.store, bytes.length)
    this.source.touched = touched
    this.head = head
    const offset = FIRST_RECORD + RECORD_HEADER
    this.size = bytes.length
    this.snapshot = { kind: 'container', offset, size: this.size - offset, sequence: this.lastSequence }
    this.container = new Container(this.source, offset, this.snapshot.size, this.zstd)
    this.#entries = []
    this.updates = this.updateBytes = 0
    this.keepCopy = false
  }
}

const setAside = async (store: ByteStore, from: number, to: number): Promise<string | Bytes> => {
  const bytes = (await store.read(from, to - from)).slice()
  return store.setAside === undefined ? bytes : store.setAside(bytes)
}

const newHead = (durability: Durability): Head => ({
  document: crypto.getRandomValues(new Uint8Array(8)),
  generation: 1,
  epoch: 0,
  written: 0,
  acknowledged: 0,
  size: 0,
  durability,
  closed: false
})

const clean = (): FileReport => ({
  created: false,
  closed: true,
  damaged: false,
  fromPrevious: false,
  salvaged: false,
  findings: [],
  moreFindings: 0,
  setAside: null
})

/** Reads what has to be read to say what is there; the store is the caller's to close if that fails. */
export const openStore = async (store: ByteStore, options: OpenOptions, report = clean()): Promise<Opened> => {
  const { durability = 'power_loss', zstd = null, create = true } = options
  const readOnly = options.readOnly ?? (store.append === undefined || store.swap === undefined)
  if (!readOnly && (store.append === undefined || store.swap === undefined)) {
    throw failure('read_only', 0, 'this store can only be read: it has no append and swap')
  }
  if ((await store.size()) === 0) {
    if (readOnly || !create) throw failure('not_found')
    await store.swap!(content(newHead(durability), Kind.snapshotUpdate, 0, EMPTY))
    report.created = true
  }
  const size = await store.size()
  const source = new Source(store, size)
  const start = await source.read(0, Math.min(size, FIRST_READ))
  source.hold(0, start.slice())
  if (isContainer(start)) return bareContainer(source, zstd, report)

  const found = await scanStore(source, start, options.verify === true)
  report.closed = found.head.closed || report.created
  if (found.snapshot === null) return withoutSnapshot(source, found, { ...options, readOnly }, report)
  if (!readOnly && size > found.end) {
    report.setAside = await setAside(store, found.end, size)
    if (store.cut !== undefined) await store.cut(found.end)
    else await store.swap!(await store.read(0, found.end))
  }
  report.damaged ||= found.damaged
  report.findings.push(...found.findings)
  report.moreFindings += found.moreFindings
  const { snapshot, head } = found
  const container = snapshot.kind === 'container' ? new Container(source, snapshot.offset, snapshot.size, zstd) : null
  if (!readOnly) head.durability = durability
  const opened = new Opened(store, source, head, snapshot, container, readOnly, report, found, zstd)
  if (!readOnly) opened.size = Math.min(size, found.end)
  return opened
}

// A container without a log, as it is put behind a CDN: to be read.
const bareContainer = async (source: Source, zstd: Decompress | null, report: FileReport): Promise<Opened> => {
  const container = new Container(source, 0, source.size, zstd)
  await container.state()
  const found = { entries: [], lastSequence: 0, damaged: false }
  const snapshot: Snapshot = { kind: 'container', offset: 0, size: source.size, sequence: 0 }
  return new Opened(source.store, source, newHead('power_loss'), snapshot, container, true, report, found, zstd)
}

/** What is sound in it. The snapshot is read if `whole`, or if it is not a container. */
export const scanStore = async (source: Source, start: Uint8Array, whole: boolean): Promise<Scan> => {
  const { size } = source
  const behind = FIRST_RECORD + RECORD_HEADER
  if (!whole && start.length >= behind) {
    const end = behind + payloadLength(start.subarray(FIRST_RECORD, behind))
    if (end > behind && end <= size) {
      // Held, so that what is read later is what was compared now.
      if (end < size) source.hold(end, (await source.read(end, size - end)).slice())
      const outcome = reading(source, () => scan(size, false))
      if (!('missing' in outcome)) return outcome
    }
  }
  // Not lazily: the snapshot is an update, or something is wrong.
  source.hold(0, (await source.read(0, size)).slice())
  return reading(source, () => scan(size, whole)) as Scan
}

// The snapshot is lost. The file before it led to the same state, so with the updates that are sound
// here it is whole again; else there is what is left, for who asks for that.
const withoutSnapshot = async (source: Source, found: Scan, options: OpenOptions, report: FileReport): Promise<Opened> => {
  const { store, size } = source
  const own = found.entries.map((entry) => source.at(entry.offset, entry.size)!)
  const before = await previousOf(store, found)
  if (before === null && !(options.salvage === true && (found.entries.length > 0 || found.headFound))) {
    throw failure('damaged')
  }
  report.damaged = true
  if (before === null) report.salvaged = true
  else report.fromPrevious = true
  report.findings.push(...found.findings)
  report.moreFindings += found.moreFindings
  const parts = [...(before?.updates ?? []), ...own]
  const merged = parts.length === 0 ? EMPTY : mergeUpdates(parts, { collect: true })
  const head: Head = { ...found.head, ...before?.head, written: found.head.written, closed: false }
  head.generation = Math.max(found.head.generation, before?.head.generation ?? 0) + 1
  head.durability = options.durability ?? 'power_loss'
  const last = Math.max(found.lastSequence, before?.lastSequence ?? 0)
  head.acknowledged = last
  const bytes = content(head, Kind.snapshotUpdate, last, merged)
  if (options.readOnly) return openStore(new BytesStore(bytes), { ...options, readOnly: true }, report)
  report.setAside = await setAside(store, 0, size)
  await store.swap!(bytes)
  return openStore(store, { ...options, verify: false }, report)
}

// The bytes before the last swap, if one can go on from them with what is left.
const previousOf = async (store: ByteStore, found: Scan) => {
  const previous = (await store.previous?.()) ?? null
  if (previous === null) return null
  try {
    const size = await previous.size()
    const source = new Source(previous, size)
    const before = await scanStore(source, new Uint8Array(0), true)
    const anything = found.headFound || found.entries.length > 0
    const { head, snapshot, lastSequence } = before
    const same = head.epoch === found.head.epoch && joined([head.document, found.head.document]).every((byte, i, all) => byte === all[i % 8])
    if (snapshot === null || (anything && !same)) return null
    const bytes = source.at(snapshot.offset, snapshot.size)!
    const base = snapshot.kind === 'update' ? bytes : await unpacked(bytes)
    return { head, lastSequence, updates: [base, ...before.entries.map(({ offset, size }) => source.at(offset, size)!)] }
  } finally {
    await previous.close?.()
  }
}
const unpacked = async (bytes: Uint8Array): Promise<Uint8Array> => {
  const { update, isV2 } = await new Container(new Source(new BytesStore(bytes), bytes.length), 0, bytes.length, null).unpack()
  return isV2 ? convertUpdateFormatV2ToV1(update) : update
}
