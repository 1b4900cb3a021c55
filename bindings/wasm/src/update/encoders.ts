// Writes updates struct by struct, in either format.
import { ByteWriter } from '../engine/any.js'
import type { ID } from '../structs/ID.js'
import { IntDiffOptRleEncoder, RleEncoder, StringEncoder, UintOptRleEncoder } from './columns.js'

export class DSEncoderV1 {
  restEncoder = new ByteWriter()

  toUint8Array(): Uint8Array<ArrayBuffer> {
    return this.restEncoder.taken()
  }
  resetDsCurVal(): void {}
  writeDsClock(clock: number): void {
    this.restEncoder.uint(clock)
  }
  writeDsLen(len: number): void {
    this.restEncoder.uint(len)
  }
}

export class UpdateEncoderV1 extends DSEncoderV1 {
  writeLeftID(id: ID): void {
    this.restEncoder.uint(id.client).uint(id.clock)
  }
  writeRightID(id: ID): void {
    this.writeLeftID(id)
  }
  writeClient(client: number): void {
    this.restEncoder.uint(client)
  }
  writeInfo(info: number): void {
    this.restEncoder.byte(info)
  }
  writeString(text: string): void {
    this.restEncoder.string(text)
  }
  /** Whether the name of a root follows, else an id. */
  writeParentInfo(isYKey: boolean): void {
    this.restEncoder.byte(isYKey ? 1 : 0)
  }
  writeTypeRef(ref: number): void {
    this.restEncoder.uint(ref)
  }
  writeLen(len: number): void {
    this.restEncoder.uint(len)
  }
  writeAny(value: any): void {
    this.restEncoder.any(value)
  }
  writeBuf(bytes: Uint8Array): void {
    this.restEncoder.sized(bytes)
  }
  writeJSON(value: any): void {
    this.restEncoder.string(JSON.stringify(value) ?? 'null')
  }
  writeKey(key: string): void {
    this.restEncoder.string(key)
  }
}

export class DSEncoderV2 {
  restEncoder = new ByteWriter()
  /** Where the last range ended. */
  dsCurrVal = 0

  toUint8Array(): Uint8Array<ArrayBuffer> {
    return this.restEncoder.taken()
  }
  resetDsCurVal(): void {
    this.dsCurrVal = 0
  }
  writeDsClock(clock: number): void {
    this.restEncoder.uint(clock - this.dsCurrVal)
    this.dsCurrVal = clock
  }
  writeDsLen(len: number): void {
    if (len === 0) throw new RangeError('an empty range of deletions cannot be written')
    this.restEncoder.uint(len - 1)
    this.dsCurrVal += len
  }
}

export class UpdateEncoderV2 extends DSEncoderV2 {
  keyClock = 0
  keyMap = new Map<string, number>()
  keyClockEncoder = new IntDiffOptRleEncoder()
  clientEncoder = new UintOptRleEncoder()
  leftClockEncoder = new IntDiffOptRleEncoder()
  rightClockEncoder = new IntDiffOptRleEncoder()
  infoEncoder = new RleEncoder()
  stringEncoder = new StringEncoder()
  parentInfoEncoder = new RleEncoder()
  typeRefEncoder = new UintOptRleEncoder()
  lenEncoder = new UintOptRleEncoder()

  override toUint8Array(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter().byte(0)
    for (const column of [
      this.keyClockEncoder,
      this.clientEncoder,
      this.leftClockEncoder,
      this.rightClockEncoder,
      this.infoEncoder,
      this.stringEncoder,
      this.parentInfoEncoder,
      this.typeRefEncoder,
      this.lenEncoder
    ]) {
      out.sized(column.toUint8Array())
    }
    return out.raw(this.restEncoder.taken()).taken()
  }
  writeLeftID(id: ID): void {
    this.clientEncoder.write(id.client)
    this.leftClockEncoder.write(id.clock)
  }
  writeRightID(id: ID): void {
    this.clientEncoder.write(id.client)
    this.rightClockEncoder.write(id.clock)
  }
  writeClient(client: number): void {
    this.clientEncoder.write(client)
  }
  writeInfo(info: number): void {
    this.infoEncoder.write(info)
  }
  writeString(text: string): void {
    this.stringEncoder.write(text)
  }
  writeParentInfo(isYKey: boolean): void {
    this.parentInfoEncoder.write(isYKey ? 1 : 0)
  }
  writeTypeRef(ref: number): void {
    this.typeRefEncoder.write(ref)
  }
  writeLen(len: number): void {
    this.lenEncoder.write(len)
  }
  writeAny(value: any): void {
    this.restEncoder.any(value)
  }
  writeBuf(bytes: Uint8Array): void {
    this.restEncoder.sized(bytes)
  }
  writeJSON(value: any): void {
    this.restEncoder.any(value)
  }
  /** Each as a new one, as everybody writes them. */
  writeKey(key: string): void {
    this.keyClockEncoder.write(this.keyClock++)
    this.stringEncoder.write(key)
  }
}

export type DSEncoder = DSEncoderV1 | DSEncoderV2
export type UpdateEncoder = UpdateEncoderV1 | UpdateEncoderV2
