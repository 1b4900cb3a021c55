// An XML element: a name, attributes and children.
import { define } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, takeString } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import type { Snapshot } from '../update/Snapshot.js'
import { typeMapGetAllSnapshot } from '../update/snapshot-reads.js'
import { allEntries, deleteEntry, getEntry, hasEntry, setEntry } from './entries.js'
import { Kind, register } from './kinds.js'
import { nextSibling, prevSibling } from './siblings.js'
import { type XmlNode, YXmlFragment } from './YXmlFragment.js'

export class YXmlElement<KV extends { [key: string]: any } = { [key: string]: string }, _T = any> extends YXmlFragment {
  override _kind: number = Kind.xmlElement
  _prelimAttrs: Map<string, any> | null = new Map()
  #nodeName: string | null

  constructor(nodeName = 'UNDEFINED') {
    super()
    this.#nodeName = nodeName
  }

  get nodeName(): string {
    if (this.#nodeName !== null) return this.#nodeName
    check(engine.rw_type_name(this.doc!._open(), this._number))
    return (this.#nodeName = takeString())
  }
  override get _name(): string {
    return this.nodeName
  }
  override get _emptyMarkup(): string {
    const name = this.nodeName.toLowerCase()
    return `<${name}></${name}>`
  }
  get nextSibling(): XmlNode | null {
    return nextSibling(this)
  }
  get prevSibling(): XmlNode | null {
    return prevSibling(this)
  }

  setAttribute<K extends keyof KV & string>(name: K, value: KV[K]): void {
    if (this.doc !== null) setEntry(this, name, value)
    else this._prelimAttrs!.set(name, value)
  }
  removeAttribute(name: string): void {
    if (this.doc !== null) deleteEntry(this, name)
    else this._prelimAttrs!.delete(name)
  }
  getAttribute<K extends keyof KV & string>(name: K): KV[K] | undefined {
    return getEntry(this, name)
  }
  hasAttribute(name: string): boolean {
    return hasEntry(this, name)
  }
  getAttributes(snapshot?: Snapshot): { [Key in Extract<keyof KV, string>]?: KV[Key] } {
    if (snapshot !== undefined) return typeMapGetAllSnapshot(this, snapshot) as any
    const attributes: Record<string, unknown> = {}
    for (const [key, value] of allEntries(this)) define(attributes, key, value)
    return attributes as any
  }

  override toDOM(_document: any = globalThis.document, hooks: Record<string, any> = {}, binding?: any): any {
    const dom = _document.createElement(this.nodeName)
    for (const [key, value] of allEntries(this)) {
      if (typeof value === 'string') dom.setAttribute(key, value)
    }
    for (const node of this.toArray()) dom.appendChild(node.toDOM(_document, hooks, binding))
    binding?._createAssociation(dom, this)
    return dom
  }

  override clone(): YXmlElement<KV> {
    const made = this._copy()
    for (const [key, value] of allEntries(this)) made.setAttribute(key as any, value)
    this._cloneChildrenInto(made)
    return made
  }
  override _copy(): YXmlElement<KV> {
    return new YXmlElement(this.nodeName)
  }
  override _attach(doc: Doc, number: number): void {
    const made = this.doc === null && (this._prelimAttrs!.size > 0 || this._prelimContent!.length > 0)
    super._attach(doc, number)
    if (!made) this._prelimAttrs = null
  }
  /** It stands for an element that is there: the engine knows its name. */
  override _named(): this {
    this.#nodeName = null
    return this
  }
  override _fill(): void {
    super._fill()
    const attributes = this._prelimAttrs
    this._prelimAttrs = null
    attributes?.forEach((value, key) => this.setAttribute(key as any, value))
  }
}

register(Kind.xmlElement, YXmlElement)
