// Numbers, strings and bytes as lib0 writes them. An `Encoder` and a `Decoder` have the fields of lib0's,
// so that message handlers written for y-websocket may use lib0's functions on them.

export type Bytes = Uint8Array<ArrayBuffer>

export class Encoder {
  /** Full buffers, then the one being filled and how far. */
  bufs: Uint8Array[] = []
  cbuf = new Uint8Array(64)
  cpos = 0

  get length(): number {
    return this.bufs.reduce((sum, { length }) => sum + length, this.cpos)
  }

  byte(value: number): this {
    if (this.cpos === this.cbuf.length) {
      this.bufs.push(this.cbuf)
      this.cbuf = new Uint8Array(this.cbuf.length * 2)
      this.cpos = 0
    }
    this.cbuf[this.cpos++] = value
    return this
  }

  uint(value: number): this {
    // Not by shifting: numbers may have 53 bits.
    for (; value > 0x7f; value = Math.floor(value / 128)) this.byte(0x80 | (value % 128))
    return this.byte(value)
  }

  raw(bytes: Uint8Array): this {
    if (this.cpos > 0) this.bufs.push(this.cbuf.subarray(0, this.cpos))
    this.bufs.push(bytes)
    this.cbuf = new Uint8Array(64)
    this.cpos = 0
    return this
  }

  sized(bytes: Uint8Array): this {
    return this.uint(bytes.length).raw(bytes)
  }

  string(text: string): this {
    return this.sized(new TextEncoder().encode(text))
  }

  toBytes(): Bytes {
    const bytes = new Uint8Array(this.length)
    let at = 0
    for (const part of [...this.bufs, this.cbuf.subarray(0, this.cpos)]) {
      bytes.set(part, at)
      at += part.length
    }
    return bytes
  }
}

export class Decoder {
  pos = 0

  constructor(public arr: Uint8Array) {}

  get rest(): number {
    return this.arr.length - this.pos
  }

  uint(): number {
    let value = 0
    for (let factor = 1; ; factor *= 128) {
      if (this.pos >= this.arr.length) throw new RangeError('the message ends inside a number')
      const byte = this.arr[this.pos++]
      value += (byte & 0x7f) * factor
      if (value > Number.MAX_SAFE_INTEGER) throw new RangeError('a number is larger than 2^53')
      if (byte < 0x80) return value
      if (factor > 2 ** 46) throw new RangeError('a number is longer than 53 bits')
    }
  }

  raw(length: number): Uint8Array {
    if (length > this.rest) throw new RangeError('the message ends inside a string of bytes')
    this.pos += length
    return this.arr.subarray(this.pos - length, this.pos)
  }

  sized(): Uint8Array {
    return this.raw(this.uint())
  }

  string(): string {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(this.sized())
  }
}
