// Documents that are stored: `ropewalk/storage`.
import { Container, type ContainerState, isContainer } from './container.js'
import { DocumentFile } from './DocumentFile.js'
import type { RopewalkError } from '../index.js'
import { file } from './files.js'
import { type Finding, RECORD_HEADER } from './log.js'
import { type Decompress, failure } from './module.js'
import { FIRST_READ, openStore, type OpenOptions, scanStore } from './opening.js'
import { opfs } from './opfs.js'
import { BlobStore, http } from './remote.js'
import { Source } from './source.js'
import { type ByteStore, BytesStore, type Durability, type Place } from './store.js'

/**
 * Where a document is. A string is the path of a file in Node, and one in the Origin Private File System in
 * browsers; a URL is read by HTTP.
 */
export type Where = string | URL | Uint8Array | ArrayBuffer | Blob | ByteStore | Place

const isNode = (): boolean => typeof (globalThis as { process?: { getBuiltinModule?: unknown } }).process?.getBuiltinModule === 'function'

const at = (store: ByteStore, name: string): Place => ({ name, openStore: async () => store })

const placeOf = (where: Where): Place => {
  if (typeof where === 'string') return isNode() ? file(where) : opfs(where)
  if (where instanceof URL) return where.protocol === 'file:' ? file(decodeURIComponent(where.pathname)) : http(where)
  if (where instanceof Uint8Array) return at(new BytesStore(where), 'bytes')
  if (where instanceof ArrayBuffer) return at(new BytesStore(new Uint8Array(where)), 'bytes')
  if (where instanceof Blob) return at(new BlobStore(where), 'a blob')
  return 'openStore' in where ? where : at(where, 'a store')
}

const withStore = async <T>(where: Where, options: OpenOptions, use: (store: ByteStore) => Promise<T>): Promise<T> => {
  const place = placeOf(where)
  const { readOnly = false, create = true, durability = 'power_loss' } = options
  const store = await place.openStore({ readOnly, create, durability })
  if (store === null) throw failure('not_found', 0, `there is no document: ${place.name}`)
  try {
    return await use(store)
  } catch (error) {
    await store.close?.()
    throw error
  }
}

/**
 * Opens a stored document, or creates it. A few pages are read; the document is not.
 *
 *     const file = await open('notes.rope')
 *     await file.text('notes')          // the pages of that text
 *     const doc = await file.load()     // the document, whose changes are stored from now on
 *
 * Fails with an error whose `code` tells why: `in_use` while another writer has it, `damaged` where the
 * snapshot is not what was written, `not_ours`, `newer_format`, `not_found`, ...
 */
export const open = (where: Where, options: OpenOptions = {}): Promise<DocumentFile> =>
  withStore(where, options, async (store) => new DocumentFile(await openStore(store, options)))

/** What verify() and inspect() tell. */
export interface StoredState {
  size: number
  /** 16 hexadecimal digits; null: a container without a log. */
  document: string | null
  generation: number
  epoch: number
  closed: boolean
  durability: Durability
  acknowledged: number
  snapshot: 'update' | 'container' | null
  snapshotBytes: number
  updates: number
  updateBytes: number
  lastSequence: number
  findings: Finding[]
  moreFindings: number
  damaged: boolean
  /** Of the container, if there is a sound one. */
  container: ContainerState | null
}

/** What is stored there, from as few bytes as that takes. Nothing is changed; it may be in use. */
export const inspect = (where: Where, options: Pick<OpenOptions, 'zstd'> = {}): Promise<StoredState> => look(where, false, options)

/** The same with everything read and compared: what is wrong is in `findings`. */
export const verify = (where: Where, options: Pick<OpenOptions, 'zstd'> = {}): Promise<StoredState> => look(where, true, options)

const look = (where: Where, whole: boolean, { zstd }: Pick<OpenOptions, 'zstd'>): Promise<StoredState> =>
  withStore(where, { readOnly: true, create: false }, async (store) => {
    const state = await lookAt(store, whole, zstd ?? null)
    await store.close?.()
    return state
  })

const lookAt = async (store: ByteStore, whole: boolean, zstd: Decompress | null): Promise<StoredState> => {
  const size = await store.size()
  if (size === 0) throw failure('not_found')
  const source = new Source(store, size)
  const start = (await source.read(0, Math.min(size, FIRST_READ))).slice()
  source.hold(0, start)
  if (isContainer(start)) {
    const container = new Container(source, 0, size, zstd)
    const findings: Finding[] = []
    const state = await container.state()
    if (whole) {
      await container.verify().catch((error: RopewalkError) => {
        findings.push({ kind: 'snapshot', offset: error.offset, size: 0, updates: null, message: error.message })
      })
    }
    return {
      size, document: null, generation: 0, epoch: 0, closed: true, durability: 'power_loss', acknowledged: 0,
      snapshot: 'container', snapshotBytes: size, updates: 0, updateBytes: 0, lastSequence: 0, findings,
      moreFindings: 0, damaged: findings.length > 0, container: state
    }
  }
  const found = await scanStore(source, start, whole)
  const { head, snapshot, entries } = found
  const container = snapshot?.kind === 'container' ? new Container(source, snapshot.offset, snapshot.size, zstd) : null
  return {
    size,
    document: Array.from(head.document, (byte) => byte.toString(16).padStart(2, '0')).reverse().join(''),
    generation: head.generation,
    epoch: head.epoch,
    closed: head.closed,
    durability: head.durability,
    acknowledged: head.acknowledged,
    snapshot: snapshot?.kind ?? null,
    snapshotBytes: snapshot?.size ?? 0,
    updates: entries.length,
    updateBytes: entries.reduce((sum, entry) => sum + RECORD_HEADER + entry.size, 0),
    lastSequence: found.lastSequence,
    findings: found.findings,
    moreFindings: found.moreFindings,
    damaged: found.damaged,
    container: container === null ? null : await container.state()
  }
}

export { DocumentFile, type FileEvents, type FileReport, type FileSizes } from './DocumentFile.js'
export type { ContainerState, TextRange, WriteOptions } from './container.js'
export { writeContainer } from './container.js'
export { compact, type CompactOptions, EpochMap, renumber, type RenumberOptions } from './epochs.js'
export { file } from './files.js'
export { indexedDb, type IndexedDbOptions, readYIndexeddb } from './idb.js'
export type { Finding, FindingKind } from './log.js'
export type { Decompress } from './module.js'
export { opfs, type OpfsOptions } from './opfs.js'
export type { OpenOptions } from './opening.js'
export { http } from './remote.js'
export { type ByteStore, type Durability, MemoryStore, type Place, type StoreOptions } from './store.js'
