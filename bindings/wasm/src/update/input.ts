// Bytes from elsewhere, read with care: whatever they are, the worst is an error that tells where.
import { define } from '../engine/any.js'
import { type ErrorCode, failAt } from '../engine/errors.js'

/** Where somebody reads: what lib0's createDecoder makes. */
export interface Decoder {
  arr: Uint8Array
  pos: number
}

export const inputOf = (bytes: Uint8Array): Decoder => ({ arr: bytes, pos: 0 })

export const invalid = (code: ErrorCode, from: Decoder): never => failAt(code, from.pos)

export const readByte = (from: Decoder): number =>
  from.pos < from.arr.length ? from.arr[from.pos++] : invalid('unexpected_end', from)

const readMore = (from: Decoder, value: number, scale: number): number => {
  let byte: number
  do {
    byte = readByte(from)
    value += (byte & 0x7f) * scale
    scale *= 0x80
    if (value > Number.MAX_SAFE_INTEGER) invalid('invalid_varint', from)
  } while (byte > 0x7f)
  return value
}
export const readUint = (from: Decoder): number => {
  const byte = readByte(from)
  return byte > 0x7f ? readMore(from, byte & 0x7f, 0x80) : byte
}
/** With a sign, which -0 has, too. */
export const readInt = (from: Decoder): number => {
  const byte = readByte(from)
  const value = byte > 0x7f ? readMore(from, byte & 0x3f, 0x40) : byte & 0x3f
  return (byte & 0x40) !== 0 ? -value : value
}

const readRaw = (from: Decoder, size: number): Uint8Array => {
  if (size > from.arr.length - from.pos) invalid('unexpected_end', from)
  from.pos += size
  return from.arr.subarray(from.pos - size, from.pos)
}
/** A view of the input. */
export const readSized = (from: Decoder): Uint8Array => readRaw(from, readUint(from))
/** An input of its own: the same bytes as far as it goes, so that errors tell the right place. */
export const readPart = (from: Decoder): Decoder => {
  const size = readSized(from).length
  return { arr: from.arr.subarray(0, from.pos), pos: from.pos - size }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })
export const readString = (from: Decoder): string => {
  const bytes = readSized(from)
  try {
    return utf8.decode(bytes)
  } catch {
    from.pos -= bytes.length
    return invalid('invalid_utf8', from)
  }
}
export const parseJson = (text: string, from: Decoder): any => {
  try {
    return JSON.parse(text)
  } catch {
    return invalid('invalid_json', from)
  }
}
export const readJson = (from: Decoder): any => parseJson(readString(from), from)

const readView = (from: Decoder, size: number): DataView => {
  const { buffer, byteOffset } = readRaw(from, size)
  return new DataView(buffer, byteOffset, size)
}
// As the engine bounds it.
const NESTING = 128

export const readAny = (from: Decoder, depth = 0): any => {
  const tag = readByte(from)
  switch (tag) {
    case 0x7f:
      return undefined
    case 0x7e:
      return null
    case 0x7d:
      return readInt(from)
    case 0x7c:
      return readView(from, 4).getFloat32(0)
    case 0x7b:
      return readView(from, 8).getFloat64(0)
    case 0x7a:
      return readView(from, 8).getBigInt64(0)
    case 0x79:
      return false
    case 0x78:
      return true
    case 0x77:
      return readString(from)
    case 0x74:
      return readSized(from).slice()
  }
  if (tag !== 0x76 && tag !== 0x75) {
    from.pos--
    return invalid('unknown_tag', from)
  }
  if (depth === NESTING) invalid('nesting_too_deep', from)
  const object: Record<string, any> = {}
  const array: any[] = []
  for (let left = readUint(from); left > 0; left--) {
    if (tag === 0x76) define(object, readString(from), readAny(from, depth + 1))
    else array.push(readAny(from, depth + 1))
  }
  return tag === 0x76 ? object : array
}
