// The frames of section 3 of docs/formats/sync-protocol.md: short texts with numbered items in them.
import { type Bytes, Decoder, Encoder } from './bytes.js'

const version = 1
/** Bytes, of which base64 makes 32,000 characters. */
export const maxFrame = 24_000
const maxText = (maxFrame / 3) * 4
const maxSource = 4096
/** Room for what stands in front of the items of a frame, and of the bytes of an item. */
export const frameHeader = 1 + 4 + 8
const itemHeader = 1 + 8 + 8 + 4
/** The longest message that goes whole, and the longest part of one that does not. */
export const mostData = maxFrame - frameHeader - itemHeader

/** Names a long message beyond one connection. */
export interface Head {
  source: Uint8Array
  length: number
  checksum: number
}

export type Item =
  | { type: 'message'; number: number; content: Uint8Array }
  | { type: 'begin'; number: number; head: Head; start: number }
  | { type: 'part'; number: number; offset: number; data: Uint8Array }
  | { type: 'received'; number: number; offset: number; head: Head | null; again: boolean }
  | { type: 'resume'; head: Head; offset: number }
  | { type: 'gone'; head: Head }
  | { type: 'offer'; head: Head }

/** `damaged` frames are ignored: what was in them is sent again. After the others there is no going on. */
export class FrameError extends Error {
  constructor(
    readonly code: 'damaged' | 'protocol' | 'too_big',
    message: string
  ) {
    super(message)
  }
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  for (let bit = 0; bit < 8; bit++) byte = byte & 1 ? (byte >>> 1) ^ 0xedb88320 : byte >>> 1
  return byte
})

export function crc32(bytes: Uint8Array): number {
  let crc = ~0
  for (const byte of bytes) crc = (crc >>> 8) ^ table[(crc ^ byte) & 0xff]
  return ~crc >>> 0
}

export const sameHead = (a: Head, b: Head): boolean =>
  a.length === b.length &&
  a.checksum === b.checksum &&
  a.source.length === b.source.length &&
  a.source.every((byte, i) => byte === b.source[i])

const writeChecksum = (to: Encoder, checksum: number): Encoder =>
  [0, 8, 16, 24].reduce((encoder, shift) => encoder.byte((checksum >>> shift) & 0xff), to)
const writeHead = (to: Encoder, { source, length, checksum }: Head): Encoder =>
  writeChecksum(to.sized(source).uint(length), checksum)

export function writeItem(item: Item): Bytes {
  const to = new Encoder()
  switch (item.type) {
    case 'message':
      return to.uint(1).uint(item.number).sized(item.content).toBytes()
    case 'begin':
      return writeHead(to.uint(2).uint(item.number), item.head).uint(item.start).toBytes()
    case 'part':
      return to.uint(3).uint(item.number).uint(item.offset).sized(item.data).toBytes()
    case 'received':
      to.uint(item.again ? 5 : 4).uint(item.number).uint(item.offset)
      return (item.head === null ? to : writeHead(to, item.head)).toBytes()
    case 'resume':
      return writeHead(to.uint(6), item.head).uint(item.offset).toBytes()
    default:
      return writeHead(to.uint(item.type === 'gone' ? 7 : 8), item.head).toBytes()
  }
}

const toBase64 = (bytes: Uint8Array): string => {
  let text = ''
  // As arguments: few enough of them for every engine.
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192))
  return btoa(text)
}

function fromBase64(text: string): Bytes {
  let binary
  try {
    binary = atob(text)
  } catch {
    throw new FrameError('damaged', 'a frame that is not base64')
  }
  // What atob forgives: blanks, lacking padding, bits behind the end.
  if (btoa(binary) !== text) throw new FrameError('damaged', 'a frame that is not written in the one way')
  return Uint8Array.from(binary, (character) => character.charCodeAt(0))
}

/** A frame of items that are written already. */
export function frameOf(stream: number, items: Bytes[]): string {
  const body = new Encoder().uint(stream)
  for (const item of items) body.raw(item)
  const bytes = body.toBytes()
  const frame = writeChecksum(new Encoder().byte(version), crc32(bytes)).raw(bytes).toBytes()
  if (frame.length > maxFrame) throw new RangeError(`a frame of ${frame.length} bytes; at most ${maxFrame} are allowed`)
  return toBase64(frame)
}

export const encodeFrame = (stream: number, items: Item[]): string => frameOf(stream, items.map(writeItem))

export function decodeFrame(text: string): { stream: number; items: Item[] } {
  if (text.length > maxText) {
    throw new FrameError('too_big', `a frame of ${text.length} characters; at most ${maxText} are allowed`)
  }
  const bytes = fromBase64(text)
  if (bytes.length < 6) throw new FrameError('damaged', `a frame of ${bytes.length} bytes`)
  if (bytes[0] !== version) throw new FrameError('protocol', `a frame of version ${bytes[0]}; ${version} is spoken here`)
  const body = bytes.subarray(5)
  if (crc32(body) !== readChecksum(new Decoder(bytes.subarray(1)))) {
    throw new FrameError('damaged', 'the checksum of a frame does not fit its bytes')
  }
  const from = new Decoder(body)
  try {
    const stream = from.uint()
    const items: Item[] = []
    while (from.rest > 0) items.push(readItem(from))
    return { stream, items }
  } catch (error) {
    throw new FrameError('protocol', `a frame that cannot be read: ${String(error)}`)
  }
}

function readChecksum(from: Decoder): number {
  const [a, b, c, d] = from.raw(4)
  return (a | (b << 8) | (c << 16) | (d << 24)) >>> 0
}

function readHead(from: Decoder): Head {
  const source = from.sized()
  if (source.length > maxSource) throw new RangeError(`a source of ${source.length} bytes; at most ${maxSource} are allowed`)
  return { source, length: from.uint(), checksum: readChecksum(from) }
}

function readItem(from: Decoder): Item {
  const kind = from.uint()
  switch (kind) {
    case 1:
      return { type: 'message', number: from.uint(), content: from.sized() }
    case 2:
      return { type: 'begin', number: from.uint(), head: readHead(from), start: from.uint() }
    case 3:
      return { type: 'part', number: from.uint(), offset: from.uint(), data: from.sized() }
    case 4:
    case 5: {
      const number = from.uint()
      const offset = from.uint()
      return { type: 'received', number, offset, head: offset > 0 ? readHead(from) : null, again: kind === 5 }
    }
    case 6:
      return { type: 'resume', head: readHead(from), offset: from.uint() }
    case 7:
    case 8:
      return { type: kind === 7 ? 'gone' : 'offer', head: readHead(from) }
    default:
      throw new RangeError(`an item of the unknown kind ${kind}`)
  }
}
