// A document's file as docs/formats/log.md has it: a head of two slots, a snapshot, updates. Here is
// what it looks like; who writes it when is in DocumentFile.ts.
import { ByteWriter } from '../engine/any.js'
import { putBytes } from '../engine/wasm.js'
import { answer, check, made, stored, taken } from './module.js'
import { joined, type Durability } from './store.js'

type Bytes = Uint8Array<ArrayBuffer>

export const FIRST_RECORD = 4032
export const RECORD_HEADER = 64
const SLOTS = [0, 2048]
const SLOT = 64

export const enum Kind {
  snapshotUpdate = 1,
  snapshotContainer = 2,
  update = 3
}

/** What is known of the file as a whole. */
export interface Head {
  /** 8 random bytes that tell its records from those of others. */
  document: Bytes
  generation: number
  epoch: number
  /** Counts writings of the head. */
  written: number
  acknowledged: number
  size: number
  durability: Durability
  closed: boolean
}

export type FindingKind =
  | 'head'
  | 'snapshot'
  | 'record'
  | 'tail'
  | 'missing'
  | 'lost_end'
  | 'out_of_order'
  | 'repeated'
  | 'other_document'
  | 'other_epoch'

const findingKinds: readonly FindingKind[] = [
  'head', 'snapshot', 'record', 'tail', 'missing', 'lost_end', 'out_of_order', 'repeated', 'other_document',
  'other_epoch'
]

/** What is wrong with a place of a file: docs/formats/log.md. */
export interface Finding {
  kind: FindingKind
  /** Of the bytes, and how many they are; 0 and 0 where there are none. */
  offset: number
  size: number
  /** The first and the last update that is concerned, as far as one knows. */
  updates: [first: number, last: number] | null
  message: string
}

export interface Entry {
  /** Of its payload. */
  offset: number
  size: number
  sequence: number
}

export interface Snapshot {
  kind: 'update' | 'container'
  offset: number
  size: number
  sequence: number
}

export interface Scan {
  head: Head
  headFound: boolean
  /** More is wrong than what a crash leaves. */
  damaged: boolean
  snapshot: Snapshot | null
  lastSequence: number
  /** Of the last sound record. */
  end: number
  entries: Entry[]
  findings: Finding[]
  moreFindings: number
}

const DURABILITIES: readonly Durability[] = ['kill', 'power_loss']

/** What is sound in `size` bytes, which the module reads. */
export const scan = (size: number, checkContainers: boolean): Scan => {
  check(stored().rw_scan(size, checkContainers ? 1 : 0))
  const from = answer()
  const bytes8 = Uint8Array.from({ length: 8 }, () => from.byte())
  const head: Head = {
    document: bytes8,
    generation: from.uint(),
    epoch: from.uint(),
    written: from.uint(),
    acknowledged: from.uint(),
    size: 0,
    durability: DURABILITIES[from.byte() - 1] ?? 'power_loss',
    closed: from.byte() === 1
  }
  const headFound = from.byte() === 1
  const damaged = from.byte() === 1
  const snapshotFound = from.byte() === 1
  const snapshot: Snapshot = {
    kind: from.byte() === Kind.snapshotContainer ? 'container' : 'update',
    offset: from.uint(),
    size: from.uint(),
    sequence: from.uint()
  }
  const lastSequence = from.uint()
  const end = from.uint()
  const entries = Array.from({ length: from.uint() }, () => ({
    offset: from.uint(),
    size: from.uint(),
    sequence: from.uint()
  }))
  const moreFindings = from.uint()
  const findings = Array.from({ length: from.uint() }, (): Finding => {
    const kind = findingKinds[from.byte()]
    const [offset, size, first, last] = [from.uint(), from.uint(), from.uint(), from.uint()]
    const updates: Finding['updates'] = first !== 0 && first <= last ? [first, last] : null
    return { kind, offset, size, updates, message: from.string() }
  })
  return {
    head,
    headFound,
    damaged,
    snapshot: snapshotFound ? snapshot : null,
    lastSequence,
    end,
    entries,
    findings,
    moreFindings
  }
}

/** The header of a record, whose payload may have any length; 0: that is none. */
export const payloadLength = (header: Uint8Array): number => {
  const module = stored()
  putBytes(header)
  return module.rw_record_length()
}

/** The next writing of the head: where it goes, and its bytes. */
export const slot = (head: Head): { offset: number; bytes: Bytes } => {
  head.written++
  const { document, generation, epoch, written, acknowledged, size } = head
  const to = new ByteWriter(128).sized(document)
  for (const number of [generation, epoch, written, acknowledged, size]) to.uint(number)
  to.byte(DURABILITIES.indexOf(head.durability) + 1).byte(head.closed ? 1 : 0)
  return { offset: SLOTS[written % 2], bytes: made(to.taken(), (module, length) => module.rw_slot(length)) }
}

const header = (head: Head, kind: Kind, sequence: number, payload: Uint8Array): Bytes => {
  const to = new ByteWriter(payload.length + 64).byte(kind).uint(sequence).sized(head.document)
  to.uint(head.generation).uint(head.epoch).sized(payload)
  const module = stored()
  check(module.rw_record(putBytes(to.bytes.subarray(0, to.size))))
  return taken()
}

/** An update as a record. */
export const record = (head: Head, sequence: number, update: Uint8Array): Bytes =>
  joined([header(head, Kind.update, sequence, update), update])

/** A whole file: a head, both of its slots written, a snapshot and records. */
export const content = (
  head: Head,
  kind: Kind.snapshotUpdate | Kind.snapshotContainer,
  sequence: number,
  snapshot: Uint8Array
): Bytes => {
  const whole = joined([new Uint8Array(FIRST_RECORD), header(head, kind, sequence, snapshot), snapshot])
  head.size = whole.length
  for (let i = 0; i < SLOTS.length; i++) {
    const { offset, bytes } = slot(head)
    whole.set(bytes.subarray(0, SLOT), offset)
  }
  return whole
}
