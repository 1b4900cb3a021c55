// JSON-like values to bytes and back: the encoding of lib0's "any", which updates carry, too.
import { memory, outAt, outSize, putBytes, readString } from './wasm.js'

const utf8 = new TextEncoder()

/** Bytes that grow: what is handed to the engine, or to somebody else. */
export class ByteWriter {
  bytes: Uint8Array<ArrayBuffer>
  size = 0
  private view: DataView

  constructor(capacity = 64) {
    this.bytes = new Uint8Array(capacity)
    this.view = new DataView(this.bytes.buffer)
  }

  room(more: number): void {
    if (this.size + more <= this.bytes.length) return
    const grown = new Uint8Array(Math.max(this.bytes.length * 2, this.size + more))
    grown.set(this.bytes.subarray(0, this.size))
    this.bytes = grown
    this.view = new DataView(grown.buffer)
  }
  byte(value: number): this {
    if (this.size === this.bytes.length) this.room(1)
    this.bytes[this.size++] = value
    return this
  }
  /** A whole number from 0 to 2^53-1. */
  uint(value: number): this {
    this.room(8)
    while (value > 0x7f) {
      this.bytes[this.size++] = 0x80 | (value % 0x80)
      value = Math.floor(value / 0x80)
    }
    this.bytes[this.size++] = value
    return this
  }
  /** A whole number with its sign, which -0 has, too. */
  int(value: number): this {
    this.room(8)
    const negative = value < 0 || Object.is(value, -0)
    if (negative) value = -value
    this.bytes[this.size++] = (value > 0x3f ? 0x80 : 0) | (negative ? 0x40 : 0) | (value % 0x40)
    value = Math.floor(value / 0x40)
    while (value > 0) {
      this.bytes[this.size++] = (value > 0x7f ? 0x80 : 0) | (value % 0x80)
      value = Math.floor(value / 0x80)
    }
    return this
  }
  /** As any() each, up to the first that is no number from 1 to 2^31-1; answers which that is. */
  integers(values: readonly unknown[], from: number, to: number): number {
    this.room((to - from) * 6)
    const { bytes } = this
    let { size } = this
    for (; from < to; from++) {
      const value = values[from]
      if (typeof value !== 'number') break
      let left = value | 0
      if (left !== value || left <= 0) break
      bytes[size++] = 0x7d
      if (left < 0x40) {
        bytes[size++] = left
        continue
      }
      bytes[size++] = 0x80 | (left & 0x3f)
      for (left >>>= 6; left > 0x7f; left >>>= 7) bytes[size++] = 0x80 | (left & 0x7f)
      bytes[size++] = left
    }
    this.size = size
    return from
  }
  /** Text without its size. */
  text(text: string): this {
    if (text.length < 64 && this.ascii(text)) return this
    return this.raw(utf8.encode(text))
  }
  // Writes it if it is that.
  private ascii(text: string): boolean {
    const { length } = text
    this.room(length)
    const { bytes, size } = this
    for (let i = 0; i < length; i++) {
      const unit = text.charCodeAt(i)
      if (unit > 0x7f) return false
      bytes[size + i] = unit
    }
    this.size = size + length
    return true
  }
  raw(bytes: Uint8Array): this {
    this.room(bytes.length)
    this.bytes.set(bytes, this.size)
    this.size += bytes.length
    return this
  }
  sized(bytes: Uint8Array): this {
    return this.uint(bytes.length).raw(bytes)
  }
  string(text: string): this {
    const { length } = text
    if (length < 64) {
      const start = this.size
      if (this.byte(length).ascii(text)) return this
      this.size = start
    }
    return this.sized(utf8.encode(text))
  }
  float32(value: number): this {
    this.room(4)
    this.view.setFloat32(this.size, value)
    this.size += 4
    return this
  }
  float64(value: number): this {
    this.room(8)
    this.view.setFloat64(this.size, value)
    this.size += 8
    return this
  }
  /** Any value that JSON knows, and undefined, bigint and bytes. */
  any(value: unknown): this {
    switch (typeof value) {
      case 'string':
        return this.byte(0x77).string(value)
      case 'number':
        if (Number.isInteger(value) && Math.abs(value) <= 0x7fffffff) return this.byte(0x7d).int(value)
        if (Math.fround(value) === value) return this.byte(0x7c).float32(value)
        return this.byte(0x7b).float64(value)
      case 'boolean':
        return this.byte(value ? 0x78 : 0x79)
      case 'bigint':
        this.byte(0x7a).room(8)
        this.view.setBigInt64(this.size, value)
        this.size += 8
        return this
      case 'object': {
        if (value === null) return this.byte(0x7e)
        if (Array.isArray(value)) {
          this.byte(0x75).uint(value.length)
          for (const element of value) this.any(element)
          return this
        }
        if (value instanceof Uint8Array) return this.byte(0x74).sized(value)
        const keys = Object.keys(value)
        this.byte(0x76).uint(keys.length)
        for (const key of keys) this.string(key).any((value as Record<string, unknown>)[key])
        return this
      }
      default:
        return this.byte(0x7f)
    }
  }
  taken(): Uint8Array<ArrayBuffer> {
    return this.bytes.slice(0, this.size)
  }
}

// One writer serves call after call; a getter of what is written may make a call of its own.
let spare: ByteWriter | null = new ByteWriter(1 << 12)

/** What `write` has written, handed to the engine; answers its size. */
export const put = (write: (to: ByteWriter) => void): number => {
  const to = spare ?? new ByteWriter()
  spare = null
  to.size = 0
  try {
    write(to)
    return putBytes(to.bytes.subarray(0, to.size))
  } finally {
    spare = to.bytes.length > 1 << 20 ? new ByteWriter(1 << 12) : to
  }
}

/** Sets an entry also where its name means something to JavaScript. */
export const define = (object: Record<string, unknown>, key: string, value: unknown): void => {
  if (key === '__proto__') {
    Object.defineProperty(object, key, { value, enumerable: true, configurable: true, writable: true })
  } else {
    object[key] = value
  }
}

/** Reads the answer of a call from the engine's memory, before the next call. */
export class ByteReader {
  private bytes: Uint8Array
  at: number
  readonly end: number

  constructor(at = outAt(), size = outSize()) {
    this.bytes = memory()
    this.at = at
    this.end = at + size
  }

  get more(): boolean {
    return this.at < this.end
  }
  byte(): number {
    return this.bytes[this.at++]
  }
  uint(): number {
    let byte = this.bytes[this.at++]
    if (byte < 0x80) return byte
    let value = byte & 0x7f
    let scale = 0x80
    do {
      byte = this.bytes[this.at++]
      value += (byte & 0x7f) * scale
      scale *= 0x80
    } while (byte > 0x7f)
    return value
  }
  int(): number {
    let byte = this.bytes[this.at++]
    const negative = (byte & 0x40) !== 0
    let value = byte & 0x3f
    for (let scale = 0x40; byte > 0x7f; scale *= 0x80) {
      byte = this.bytes[this.at++]
      value += (byte & 0x7f) * scale
    }
    return negative ? -value : value
  }
  /** Numbers from 1 to 2^31-1 in a row, and these below 0, as any() each. */
  integers(into: unknown[]): void {
    const { bytes, end } = this
    let { at } = this
    while (at < end && bytes[at] === 0x7d) {
      const head = bytes[at + 1]
      let next = at + 2
      let value = head & 0x3f
      let byte = head
      for (let shift = 6; byte > 0x7f && shift < 27; shift += 7) {
        byte = bytes[next++]
        value |= (byte & 0x7f) << shift
      }
      if (byte > 0x7f) {
        byte = bytes[next++]
        if (byte > 0xf) break
        value |= byte << 27
      }
      if (value === 0) break
      into.push((head & 0x40) !== 0 ? -value : value)
      at = next
    }
    this.at = at
  }
  string(): string {
    const size = this.uint()
    this.at += size
    return readString(this.at - size, size)
  }
  /** Text with lone surrogates: a count, then units. */
  units(): string {
    let text = ''
    for (let left = this.uint(); left > 0; left--) text += String.fromCharCode(this.uint())
    return text
  }
  sized(): Uint8Array<ArrayBuffer> {
    const size = this.uint()
    this.at += size
    return this.bytes.slice(this.at - size, this.at)
  }
  private view(size: number): DataView {
    this.at += size
    return new DataView(this.bytes.buffer, this.at - size, size)
  }
  any(): any {
    return this.anyOf(this.byte())
  }
  anyOf(tag: number): any {
    switch (tag) {
      case 0x7f:
        return undefined
      case 0x7e:
        return null
      case 0x7d:
        return this.int()
      case 0x7c:
        return this.view(4).getFloat32(0)
      case 0x7b:
        return this.view(8).getFloat64(0)
      case 0x7a:
        return this.view(8).getBigInt64(0)
      case 0x79:
        return false
      case 0x78:
        return true
      case 0x77:
        return this.string()
      case 0x76: {
        const object: Record<string, unknown> = {}
        for (let left = this.uint(); left > 0; left--) define(object, this.string(), this.any())
        return object
      }
      case 0x75: {
        const array: unknown[] = []
        for (let left = this.uint(); left > 0; left--) array.push(this.any())
        return array
      }
      default:
        return this.sized()
    }
  }
}
