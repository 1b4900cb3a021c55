// Text that several people type at once, with formats and embedded things.
import { ByteReader, type ByteWriter, define, put } from '../engine/any.js'
import { check, checkRead, codeOf } from '../engine/errors.js'
import { engine, outAt, outSize, putText, readUnits, takeString, wellFormed } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import { beginCall, edit, endCall, numberOf, type Transaction } from '../doc/Transaction.js'
import type { ID } from '../structs/ID.js'
import type { Snapshot } from '../update/Snapshot.js'
import { snapshotDelta } from '../update/snapshot-delta.js'
import { AbstractType } from './AbstractType.js'
import { allEntries, deleteEntry, getEntry, setEntry } from './entries.js'
import { Kind, register } from './kinds.js'
import { checkWrite } from './lists.js'
import { deletedDownTo, followsDeleted, followsTyped, typedUpTo } from './keystrokes.js'
import { embedding } from './embedding.js'
import { checkContent, putContent, readValue, resolved } from './values.js'
import { YEvent } from './YEvent.js'

export type TextAttributes = { [key: string]: any }
export interface DeltaOp {
  insert?: any
  retain?: number
  delete?: number
  attributes?: TextAttributes
}
export type ChangeOf = (kind: 'removed' | 'added', id: ID) => any

/** Tells what changed in a text. */
export class YTextEvent extends YEvent<YText> {
  /** Attributes of the text as a whole that changed. */
  get keysChanged(): Set<string> {
    const keys = new Set(this.transaction.changed.get(this.target) as Set<string | null>)
    keys.delete(null)
    return keys as Set<string>
  }
  /** Whether the text itself changed. */
  get childListChanged(): boolean {
    return this.transaction.changed.get(this.target)?.has(null) ?? false
  }
}

// As core/border.hpp has them.
const [STEP_TEXT, STEP_UNITS, STEP_CONTENT, STEP_RETAIN, STEP_DELETE] = [0, 1, 2, 3, 4]
const [TAG_STRING, TAG_EMBED] = [0x77, 5]
const OUT_OF_RANGE = codeOf('index_out_of_range')

const putAttributes = (to: ByteWriter, attributes: TextAttributes): void => {
  for (const key of Object.keys(attributes)) to.string(key).any(attributes[key])
}
const putCounted = (to: ByteWriter, attributes: TextAttributes = {}): void => {
  to.uint(Object.keys(attributes).length)
  putAttributes(to, attributes)
}
// What is no shared type is embedded as a value.
const putEmbed = (to: ByteWriter, embed: unknown): void => {
  if (embed instanceof AbstractType) putContent(to, embed)
  else to.any(embed)
}

const putStep = (to: ByteWriter, op: DeltaOp): void => {
  if (op.insert !== undefined) {
    if (typeof op.insert !== 'string') {
      checkContent(op.insert)
      putEmbed(to.byte(STEP_CONTENT), op.insert)
    } else if (wellFormed(op.insert)) {
      to.byte(STEP_TEXT).string(op.insert)
    } else {
      to.byte(STEP_UNITS).uint(op.insert.length)
      for (let i = 0; i < op.insert.length; i++) to.uint(op.insert.charCodeAt(i))
    }
    putCounted(to, op.attributes)
  } else if (op.retain !== undefined) {
    to.byte(STEP_RETAIN).uint(op.retain)
    putCounted(to, op.attributes)
  } else if (op.delete !== undefined) {
    to.byte(STEP_DELETE).uint(op.delete)
  }
}

export class YText extends AbstractType<YTextEvent> {
  override _kind: number = Kind.text
  _pending: (() => void)[] | null = []

  constructor(string?: string) {
    super()
    if (string !== undefined) this._pending!.push(() => this.insert(0, string))
  }

  /** In UTF-16 units, as strings of JavaScript count. */
  get length(): number {
    return this._readable() ? engine.rw_text_length(this.doc!._at, this._number) : 0
  }

  // -- writing ----------------------------------------------------------------------------------

  /**
   * Puts text in front of `index`. Without attributes it takes over the formats of its place, as
   * typing does; with them it has exactly these.
   */
  insert(index: number, text: string, attributes?: TextAttributes): void {
    const { doc } = this
    if (text.length <= 0) return
    if (doc === null) {
      this._pending!.push(() => this.insert(index, text, attributes))
      return
    }
    if (attributes === undefined && followsTyped(this, index, text)) return
    const transaction = beginCall(doc, this)
    try {
      const number = numberOf(doc, transaction)
      const code = this.#put(doc, number, index < 0 ? 0 : index, text, attributes)
      // Past the end is the end.
      if (code === OUT_OF_RANGE) checkWrite(this.#put(doc, number, this.length, text, attributes))
      else if (code !== 0) checkWrite(code)
      else if (attributes === undefined) typedUpTo(this, Math.max(index, 0) + text.length)
    } finally {
      endCall(doc, transaction)
    }
  }
  #put(doc: Doc, transaction: number, index: number, text: string, attributes?: TextAttributes): number {
    if (attributes !== undefined) {
      let textSize = 0
      const utf16 = !wellFormed(text)
      const size = put((to) => {
        if (utf16) for (let i = 0; i < text.length; i++) to.byte(text.charCodeAt(i) & 0xff).byte(text.charCodeAt(i) >> 8)
        else to.text(text)
        textSize = to.size
        putAttributes(to, attributes)
      })
      return engine.rw_text_insert(doc._open(), this._number, index, textSize, utf16 ? 1 : 0, size - textSize, transaction)
    }
    if (text.length === 1) {
      const unit = text.charCodeAt(0)
      if (unit < 0x80) return engine.rw_text_type(doc._open(), this._number, index, unit, transaction)
    }
    const size = putText(text)
    return engine.rw_text_insert(doc._open(), this._number, index, Math.abs(size), size < 0 ? 1 : 0, -1, transaction)
  }

  /** Puts in one thing that is no text: an object, or a new shared type. */
  insertEmbed(index: number, embed: object | AbstractType<any>, attributes?: TextAttributes): void {
    const { doc } = this
    if (doc === null) {
      this._pending!.push(() => this.insertEmbed(index, embed, attributes ?? {}))
      return
    }
    checkContent(embed)
    edit(doc, () => {
      const size = put((to) => {
        putEmbed(to, embed)
        putAttributes(to, attributes ?? {})
      })
      const at = Math.min(index, this.length)
      checkWrite(embedding(doc, [embed], () => engine.rw_text_embed(doc._open(), this._number, at, size)))
    }, this)
  }

  /** Deletes `length` units, or as many as there are. */
  delete(index: number, length: number): void {
    const { doc } = this
    if (length === 0) return
    if (doc === null) {
      this._pending!.push(() => this.delete(index, length))
      return
    }
    if (followsDeleted(this, index, length)) return
    const transaction = beginCall(doc, this)
    try {
      const number = numberOf(doc, transaction)
      const code = engine.rw_text_erase(doc._open(), this._number, index, length, number)
      if (code === 0) return deletedDownTo(this, index)
      if (code !== OUT_OF_RANGE) return checkWrite(code)
      const from = Math.max(0, index)
      const count = Math.min(length, this.length - from)
      if (count > 0) checkWrite(engine.rw_text_erase(doc._open(), this._number, from, count, number))
    } finally {
      endCall(doc, transaction)
    }
  }

  /** Sets formats for `length` units; null ends one. */
  format(index: number, length: number, attributes: TextAttributes): void {
    const { doc } = this
    if (length === 0) return
    if (doc === null) {
      this._pending!.push(() => this.format(index, length, attributes))
      return
    }
    edit(doc, () => {
      const size = put((to) => putAttributes(to, attributes))
      const code = engine.rw_text_format(doc._open(), this._number, index, length, size)
      if (code !== OUT_OF_RANGE) checkWrite(code)
    }, this)
  }

  /** Applies a list of steps in one transaction. */
  applyDelta(delta: readonly DeltaOp[], { sanitize = true }: { sanitize?: boolean } = {}): void {
    const { doc } = this
    if (doc === null) {
      this._pending!.push(() => this.applyDelta(delta, { sanitize }))
      return
    }
    edit(doc, () => {
      const size = put((to) => delta.forEach((op) => putStep(to, op)))
      const inserts = delta.map((op) => op.insert)
      checkWrite(
        embedding(doc, inserts, () =>
          engine.rw_text_apply_delta(doc._open(), this._number, size, delta.length, sanitize ? 1 : 0)
        )
      )
    }, this)
  }

  // -- reading ----------------------------------------------------------------------------------

  override toString(): string {
    if (this.doc?._packed) {
      const packed = this.doc._packedText(this)
      if (packed !== null) return packed
    }
    if (!this._readable()) return ''
    if (!checkRead(engine.rw_text_string(this.doc!._at, this._number))) return ''
    const text = takeString()
    if (!text.includes('\ufffd')) return text
    // Lone surrogates are kept here, and lost in UTF-8.
    check(engine.rw_text_units(this.doc!._at, this._number))
    return readUnits(outAt(), outSize())
  }
  override toJSON(): string {
    return this.toString()
  }
  /**
   * What the text holds, as inserts. With a snapshot what it held then, and with a second, older
   * one what differs, marked by `computeYChange`.
   */
  toDelta(snapshot?: Snapshot, prevSnapshot?: Snapshot, computeYChange?: ChangeOf): any[] {
    if (!this._readable()) return []
    const doc = this.doc!
    if (snapshot !== undefined || prevSnapshot !== undefined) {
      return snapshotDelta(this, snapshot, prevSnapshot, computeYChange)
    }
    if (!checkRead(engine.rw_text_delta(doc._at, this._number))) return []
    return readDelta(doc)
  }

  // -- attributes of the whole ------------------------------------------------------------------

  setAttribute(name: string, value: any): void {
    if (this.doc !== null) setEntry(this, name, value)
    else this._pending!.push(() => this.setAttribute(name, value))
  }
  removeAttribute(name: string): void {
    if (this.doc !== null) deleteEntry(this, name)
    else this._pending!.push(() => this.removeAttribute(name))
  }
  getAttribute(name: string): any {
    return getEntry(this, name)
  }
  getAttributes(): { [key: string]: any } {
    const attributes: Record<string, unknown> = {}
    for (const [key, value] of allEntries(this)) define(attributes, key, value)
    return attributes
  }

  override clone(): YText {
    const made = this._copy()
    made.applyDelta(this.toDelta())
    return made
  }
  override _copy(): YText {
    return new YText()
  }
  override _attach(doc: Doc, number: number): void {
    super._attach(doc, number)
    if (this._pending!.length === 0) this._pending = null
  }
  override _fill(): void {
    const pending = this._pending
    this._pending = null
    pending?.forEach((write) => write())
  }
  override _makeEvent(transaction: Transaction): YTextEvent {
    return new YTextEvent(this, transaction)
  }
}

/** The delta that a call has answered. */
export const readDelta = (doc: Doc): any[] => {
  const ops: any[] = []
  for (const from = new ByteReader(); from.more; ) {
    const op: Record<string, any> = { insert: undefined }
    const tag = from.byte()
    if (tag === TAG_STRING) {
      op.insert = from.string()
    } else if (tag === TAG_EMBED) {
      op.insert = from.any()
    } else {
      from.at--
      op.insert = readValue(doc, from)
    }
    const count = from.uint()
    if (count > 0) {
      op.attributes = {}
      for (let left = count; left > 0; left--) define(op.attributes, from.string(), from.any())
    }
    ops.push(op)
  }
  for (const op of ops) op.insert = resolved(doc, op.insert)
  return ops
}

register(Kind.text, YText)
