// Reads updates struct by struct, in either format.
import { ID } from '../structs/ID.js'
import { IntDiffOptRleDecoder, RleDecoder, StringDecoder, UintOptRleDecoder } from './columns.js'
import { type Decoder, readAny, readByte, readJson, readPart, readSized, readString, readUint } from './input.js'

export class DSDecoderV1 {
  constructor(readonly restDecoder: Decoder) {}
  resetDsCurVal(): void {}
  readDsClock(): number {
    return readUint(this.restDecoder)
  }
  readDsLen(): number {
    return readUint(this.restDecoder)
  }
}

export class UpdateDecoderV1 extends DSDecoderV1 {
  readLeftID(): ID {
    return new ID(readUint(this.restDecoder), readUint(this.restDecoder))
  }
  readRightID(): ID {
    return this.readLeftID()
  }
  readClient(): number {
    return readUint(this.restDecoder)
  }
  readInfo(): number {
    return readByte(this.restDecoder)
  }
  readString(): string {
    return readString(this.restDecoder)
  }
  readParentInfo(): boolean {
    return readUint(this.restDecoder) === 1
  }
  readTypeRef(): number {
    return readUint(this.restDecoder)
  }
  readLen(): number {
    return readUint(this.restDecoder)
  }
  readAny(): any {
    return readAny(this.restDecoder)
  }
  readBuf(): Uint8Array {
    return readSized(this.restDecoder).slice()
  }
  readJSON(): any {
    return readJson(this.restDecoder)
  }
  readKey(): string {
    return readString(this.restDecoder)
  }
}

export class DSDecoderV2 {
  dsCurrVal = 0
  constructor(readonly restDecoder: Decoder) {}
  resetDsCurVal(): void {
    this.dsCurrVal = 0
  }
  readDsClock(): number {
    return (this.dsCurrVal += readUint(this.restDecoder))
  }
  readDsLen(): number {
    const len = readUint(this.restDecoder) + 1
    this.dsCurrVal += len
    return len
  }
}

export class UpdateDecoderV2 extends DSDecoderV2 {
  /** Where the update begins. */
  readonly _start: number
  keys: string[] = []
  keyClockDecoder: IntDiffOptRleDecoder
  clientDecoder: UintOptRleDecoder
  leftClockDecoder: IntDiffOptRleDecoder
  rightClockDecoder: IntDiffOptRleDecoder
  infoDecoder: RleDecoder
  stringDecoder: StringDecoder
  parentInfoDecoder: RleDecoder
  typeRefDecoder: UintOptRleDecoder
  lenDecoder: UintOptRleDecoder

  constructor(decoder: Decoder) {
    super(decoder)
    this._start = decoder.pos
    readUint(decoder) // nothing is written there so far
    const column = (): Decoder => readPart(decoder)
    this.keyClockDecoder = new IntDiffOptRleDecoder(column())
    this.clientDecoder = new UintOptRleDecoder(column())
    this.leftClockDecoder = new IntDiffOptRleDecoder(column())
    this.rightClockDecoder = new IntDiffOptRleDecoder(column())
    this.infoDecoder = new RleDecoder(column())
    this.stringDecoder = new StringDecoder(column())
    this.parentInfoDecoder = new RleDecoder(column())
    this.typeRefDecoder = new UintOptRleDecoder(column())
    this.lenDecoder = new UintOptRleDecoder(column())
  }
  readLeftID(): ID {
    return new ID(this.clientDecoder.read(), this.leftClockDecoder.read())
  }
  readRightID(): ID {
    return new ID(this.clientDecoder.read(), this.rightClockDecoder.read())
  }
  readClient(): number {
    return this.clientDecoder.read()
  }
  readInfo(): number {
    return this.infoDecoder.read()
  }
  readString(): string {
    return this.stringDecoder.read()
  }
  readParentInfo(): boolean {
    return this.parentInfoDecoder.read() === 1
  }
  readTypeRef(): number {
    return this.typeRefDecoder.read()
  }
  readLen(): number {
    return this.lenDecoder.read()
  }
  readAny(): any {
    return readAny(this.restDecoder)
  }
  readBuf(): Uint8Array {
    return readSized(this.restDecoder).slice()
  }
  readJSON(): any {
    return readAny(this.restDecoder)
  }
  readKey(): string {
    const number = this.keyClockDecoder.read()
    if (number < this.keys.length) return this.keys[number]
    const key = this.stringDecoder.read()
    this.keys.push(key)
    return key
  }
}

export type DSDecoder = DSDecoderV1 | DSDecoderV2
export type UpdateDecoder = UpdateDecoderV1 | UpdateDecoderV2
