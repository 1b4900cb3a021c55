// Columns of format V2: numbers and texts of one kind, side by side, repetitions told once.
import { ByteWriter } from '../engine/any.js'
import { type Decoder, invalid, readByte, readInt, readString, readUint } from './input.js'

/** Numbers from 0; a run of one is told without its length. */
export class UintOptRleEncoder {
  value = 0
  count = 0
  protected out = new ByteWriter()

  write(value: number): void {
    if (value !== this.value) {
      this.#end()
      this.value = value
      this.count = 0
    }
    this.count++
  }
  protected head(): number {
    return this.count === 1 ? this.value : -this.value
  }
  #end(): void {
    if (this.count === 0) return
    this.out.int(this.head())
    if (this.count > 1) this.out.uint(this.count - 2)
  }
  toUint8Array(): Uint8Array<ArrayBuffer> {
    this.#end()
    this.count = 0
    return this.out.taken()
  }
}

/** The same of differences to the number before. */
export class IntDiffOptRleEncoder extends UintOptRleEncoder {
  #last = 0
  override write(value: number): void {
    super.write(value - this.#last)
    this.#last = value
  }
  protected override head(): number {
    return this.value * 2 + (this.count === 1 ? 0 : 1)
  }
}

/** Bytes; the last run goes on for ever. */
export class RleEncoder {
  #value = -1
  #count = 0
  #out = new ByteWriter()

  write(value: number): void {
    if (value !== this.#value) {
      if (this.#count > 0) this.#out.uint(this.#count - 1)
      this.#out.byte(value)
      this.#value = value
      this.#count = 0
    }
    this.#count++
  }
  toUint8Array(): Uint8Array<ArrayBuffer> {
    return this.#out.taken()
  }
}

/** Texts as one, and their lengths. */
export class StringEncoder {
  #text = ''
  #lengths = new UintOptRleEncoder()

  write(text: string): void {
    this.#text += text
    this.#lengths.write(text.length)
  }
  toUint8Array(): Uint8Array<ArrayBuffer> {
    return new ByteWriter().string(this.#text).raw(this.#lengths.toUint8Array()).taken()
  }
}

// -- reading --------------------------------------------------------------------------------------
//
// `from` ends where the column does.

export class UintOptRleDecoder {
  protected value = 0
  protected count = 0

  constructor(protected from: Decoder) {}
  read(): number {
    if (this.count === 0) {
      this.value = readInt(this.from)
      this.count = 1
      if (this.value < 0 || Object.is(this.value, -0)) {
        this.value = -this.value
        this.count = readUint(this.from) + 2
      }
    }
    this.count--
    return this.value
  }
}

export class IntDiffOptRleDecoder extends UintOptRleDecoder {
  #last = 0
  override read(): number {
    if (this.count === 0) {
      const head = readInt(this.from)
      this.value = Math.floor(head / 2)
      this.count = head % 2 === 0 ? 1 : readUint(this.from) + 2
    }
    this.count--
    return (this.#last += this.value)
  }
}

export class RleDecoder {
  #value = 0
  #count = 0

  constructor(private from: Decoder) {}
  read(): number {
    if (this.#count === 0) {
      this.#value = readByte(this.from)
      const more = this.from.pos < this.from.arr.length
      this.#count = more ? readUint(this.from) + 1 : Infinity
    }
    this.#count--
    return this.#value
  }
}

export class StringDecoder {
  #text: string
  #at = 0
  #lengths: UintOptRleDecoder

  constructor(private from: Decoder) {
    this.#text = readString(from)
    this.#lengths = new UintOptRleDecoder(from)
  }
  read(): string {
    const end = this.#at + this.#lengths.read()
    if (end > this.#text.length) invalid('unexpected_end', this.from)
    const text = this.#text.slice(this.#at, end)
    this.#at = end
    return text
  }
}
