// What an item holds.
import { Doc } from '../doc/Doc.js'
import type { AbstractType } from '../types/AbstractType.js'
import type { UpdateDecoder } from '../update/decoders.js'
import type { UpdateEncoder } from '../update/encoders.js'
import { invalid, parseJson } from '../update/input.js'
import { readNewType } from '../types/kinds.js'
import { unsupported } from './AbstractStruct.js'

/** A content by itself: changing it changes no document. */
export abstract class AbstractContent {
  getLength(): number {
    return 1
  }
  /** What it shows, a value for each unit. */
  getContent(): any[] {
    return []
  }
  /** Whether it counts for indexes. */
  isCountable(): boolean {
    return true
  }
  abstract copy(): AbstractContent
  /** Cuts it in two and answers the second. */
  splice(_offset: number): AbstractContent {
    return unsupported('splitting this content')
  }
  mergeWith(_right: AbstractContent): boolean {
    return false
  }
  integrate(_transaction?: unknown, _item?: unknown): void {
    unsupported('integrating content')
  }
  delete(_transaction?: unknown): void {
    unsupported('deleting content')
  }
  gc(_store?: unknown): void {
    unsupported('collecting content')
  }
  /** Writes it without its first `offset` units. */
  abstract write(encoder: UpdateEncoder, offset: number): void
  abstract getRef(): number
}

/** Content that is unknown, or forgotten. */
export class ContentDeleted extends AbstractContent {
  constructor(public len: number) {
    super()
  }
  override getLength(): number {
    return this.len
  }
  override isCountable(): boolean {
    return false
  }
  copy(): ContentDeleted {
    return new ContentDeleted(this.len)
  }
  override splice(offset: number): ContentDeleted {
    const right = new ContentDeleted(this.len - offset)
    this.len = offset
    return right
  }
  override mergeWith(right: ContentDeleted): boolean {
    this.len += right.len
    return true
  }
  write(encoder: UpdateEncoder, offset: number): void {
    encoder.writeLen(this.len - offset)
  }
  getRef(): number {
    return 1
  }
}

abstract class ContentList extends AbstractContent {
  constructor(public arr: any[]) {
    super()
  }
  override getLength(): number {
    return this.arr.length
  }
  override getContent(): any[] {
    return this.arr
  }
  copy(): this {
    return this.#like(this.arr)
  }
  override splice(offset: number): this {
    const right = this.#like(this.arr.slice(offset))
    // A copy has the same array, and keeps all of it.
    this.arr = this.arr.slice(0, offset)
    return right
  }
  override mergeWith(right: ContentList): boolean {
    this.arr = this.arr.concat(right.arr)
    return true
  }
  write(encoder: UpdateEncoder, offset: number): void {
    encoder.writeLen(this.arr.length - offset)
    for (let i = offset; i < this.arr.length; i++) this._writeValue(encoder, this.arr[i])
  }
  abstract _writeValue(encoder: UpdateEncoder, value: any): void
  #like(arr: any[]): this {
    return new (this.constructor as new (arr: any[]) => this)(arr)
  }
}

/** JSON-like values. */
export class ContentAny extends ContentList {
  constructor(arr: any[]) {
    super(arr)
  }
  _writeValue(encoder: UpdateEncoder, value: any): void {
    encoder.writeAny(value)
  }
  getRef(): number {
    return 8
  }
}

/** The same as old documents have them. */
export class ContentJSON extends ContentList {
  constructor(arr: any[]) {
    super(arr)
  }
  _writeValue(encoder: UpdateEncoder, value: any): void {
    encoder.writeString(value === undefined ? 'undefined' : JSON.stringify(value))
  }
  getRef(): number {
    return 2
  }
}

export class ContentBinary extends AbstractContent {
  constructor(public content: Uint8Array) {
    super()
  }
  override getContent(): any[] {
    return [this.content]
  }
  copy(): ContentBinary {
    return new ContentBinary(this.content)
  }
  write(encoder: UpdateEncoder, _offset: number): void {
    encoder.writeBuf(this.content)
  }
  getRef(): number {
    return 3
  }
}

const isHigh = (unit: number): boolean => unit >= 0xd800 && unit < 0xdc00

/** Text: a unit of UTF-16 is a unit here. */
export class ContentString extends AbstractContent {
  constructor(public str: string) {
    super()
  }
  override getLength(): number {
    return this.str.length
  }
  override getContent(): any[] {
    return this.str.split('')
  }
  copy(): ContentString {
    return new ContentString(this.str)
  }
  /** A character that is cut in two is lost: U+FFFD stands for each half. */
  override splice(offset: number): ContentString {
    const { str } = this
    const cut = isHigh(str.charCodeAt(offset - 1))
    this.str = cut ? str.slice(0, offset - 1) + '\ufffd' : str.slice(0, offset)
    return new ContentString(cut ? '\ufffd' + str.slice(offset + 1) : str.slice(offset))
  }
  override mergeWith(right: ContentString): boolean {
    this.str += right.str
    return true
  }
  write(encoder: UpdateEncoder, offset: number): void {
    encoder.writeString(offset === 0 ? this.str : this.str.slice(offset))
  }
  getRef(): number {
    return 4
  }
}

export class ContentEmbed extends AbstractContent {
  constructor(public embed: any) {
    super()
  }
  override getContent(): any[] {
    return [this.embed]
  }
  copy(): ContentEmbed {
    return new ContentEmbed(this.embed)
  }
  write(encoder: UpdateEncoder, _offset: number): void {
    encoder.writeJSON(this.embed)
  }
  getRef(): number {
    return 5
  }
}

/** From here on text has, or has no longer, a format. */
export class ContentFormat extends AbstractContent {
  constructor(
    public key: string,
    public value: any
  ) {
    super()
  }
  override isCountable(): boolean {
    return false
  }
  copy(): ContentFormat {
    return new ContentFormat(this.key, this.value)
  }
  write(encoder: UpdateEncoder, _offset: number): void {
    encoder.writeKey(this.key)
    encoder.writeJSON(this.value)
  }
  getRef(): number {
    return 6
  }
}

export class ContentType extends AbstractContent {
  constructor(public type: AbstractType<any>) {
    super()
  }
  override getContent(): any[] {
    return [this.type]
  }
  copy(): ContentType {
    return new ContentType(this.type._copy())
  }
  write(encoder: UpdateEncoder, _offset: number): void {
    this.type._write(encoder)
  }
  getRef(): number {
    return 7
  }
}

export interface DocContentOpts {
  gc?: boolean
  autoLoad?: boolean
  meta?: any
}

/** A sub-document. */
export class ContentDoc extends AbstractContent {
  opts: DocContentOpts
  #doc: Doc | null = null
  #guid: string

  constructor(doc: Doc | string, opts: DocContentOpts = {}) {
    super()
    if (typeof doc === 'string') {
      this.#guid = doc
      this.opts = opts
      return
    }
    this.#doc = doc
    this.#guid = doc.guid
    this.opts = {}
    if (!doc.gc) this.opts.gc = false
    if (doc.autoLoad) this.opts.autoLoad = true
    if (doc.meta !== null) this.opts.meta = doc.meta
  }
  get doc(): Doc {
    if (this.#doc === null) {
      const { gc = true, autoLoad = false, meta = null } = this.opts
      this.#doc = new Doc({ guid: this.#guid, gc, autoLoad, meta, shouldLoad: autoLoad })
    }
    return this.#doc
  }
  override getContent(): any[] {
    return [this.doc]
  }
  copy(): ContentDoc {
    return new ContentDoc(this.#guid, this.opts)
  }
  write(encoder: UpdateEncoder, _offset: number): void {
    encoder.writeString(this.#guid)
    encoder.writeAny(this.opts)
  }
  getRef(): number {
    return 9
  }
}

const readList = (decoder: UpdateDecoder, read: () => any): any[] => {
  const values: any[] = []
  for (let left = decoder.readLen(); left > 0; left--) values.push(read())
  return values
}
const readLegacy = (decoder: UpdateDecoder): any => {
  const text = decoder.readString()
  return text === 'undefined' ? undefined : parseJson(text, decoder.restDecoder)
}

/** Reads the content of an item that has this number. */
export const readContent = (decoder: UpdateDecoder, ref: number): AbstractContent => {
  switch (ref) {
    case 1:
      return new ContentDeleted(decoder.readLen())
    case 2:
      return new ContentJSON(readList(decoder, () => readLegacy(decoder)))
    case 3:
      return new ContentBinary(decoder.readBuf())
    case 4:
      return new ContentString(decoder.readString())
    case 5:
      return new ContentEmbed(decoder.readJSON())
    case 6:
      return new ContentFormat(decoder.readKey(), decoder.readJSON())
    case 7:
      return new ContentType(readNewType(decoder))
    case 8:
      return new ContentAny(readList(decoder, () => decoder.readAny()))
    case 9:
      return new ContentDoc(decoder.readString(), decoder.readAny())
    default:
      return invalid('unknown_content', decoder.restDecoder)
  }
}
