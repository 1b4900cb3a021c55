// A list of XML nodes.
import { checkRead } from '../engine/errors.js'
import { engine, takeString } from '../engine/wasm.js'
import type { Doc } from '../doc/Doc.js'
import type { Transaction } from '../doc/Transaction.js'
import type { Item } from '../structs/Item.js'
import { AbstractType } from './AbstractType.js'
import { Kind, register } from './kinds.js'
import { deleteFrom, elementAt, elements, insertBehind, insertInto, sizeOf, slice } from './lists.js'
import { YXmlEvent } from './YXmlEvent.js'
import { YXmlTreeWalker } from './YXmlTreeWalker.js'
import type { YXmlElement } from './YXmlElement.js'
import type { YXmlHook } from './YXmlHook.js'
import type { YXmlText } from './YXmlText.js'

export type XmlNode = YXmlElement<any, any> | YXmlText | YXmlHook
type Association = { _createAssociation(node: unknown, type: AbstractType<any>): void }

export class YXmlFragment extends AbstractType<YXmlEvent> {
  override _kind: number = Kind.xmlFragment
  _prelimContent: any[] | null = []

  get firstChild(): XmlNode | null {
    return elementAt(this, 0) ?? null
  }
  get length(): number {
    return this._prelimContent !== null && this.doc === null ? this._prelimContent.length : sizeOf(this)
  }
  /** Everything within that passes `filter`, in document order. */
  createTreeWalker(filter: (node: AbstractType<any>) => boolean): YXmlTreeWalker {
    return new YXmlTreeWalker(this, filter)
  }
  /** The first element of that name within; names are compared in capitals. */
  querySelector(query: string): XmlNode | null {
    const found = this.#named(query).next()
    return found.done === true ? null : found.value
  }
  querySelectorAll(query: string): XmlNode[] {
    return [...this.#named(query)]
  }
  #named(query: string): YXmlTreeWalker {
    const name = query.toUpperCase()
    return new YXmlTreeWalker(this, (node) => (node as YXmlElement).nodeName?.toUpperCase() === name)
  }

  insert(index: number, content: readonly XmlNode[]): void {
    if (this.doc !== null) insertInto(this, index, content)
    else this._prelimContent!.splice(index, 0, ...content)
  }
  /** Directly behind a child; null: in front of all. */
  insertAfter(ref: null | Item | XmlNode, content: readonly XmlNode[]): void {
    if (this.doc !== null) {
      if (ref === null) insertInto(this, 0, content)
      else insertBehind(this, ref instanceof AbstractType ? ref : (ref.content as any).type, content)
      return
    }
    const prelim = this._prelimContent!
    const index = ref === null ? 0 : prelim.findIndex((node) => node === ref) + 1
    if (index === 0 && ref !== null) throw new Error('Reference item not found')
    prelim.splice(index, 0, ...content)
  }
  push(content: readonly XmlNode[]): void {
    this.insert(this.length, content)
  }
  unshift(content: readonly XmlNode[]): void {
    this.insert(0, content)
  }
  delete(index: number, length = 1): void {
    if (this.doc !== null) deleteFrom(this, index, length)
    else this._prelimContent!.splice(index, length)
  }
  get(index: number): XmlNode {
    return elementAt(this, index)
  }
  slice(start = 0, end = this.length): XmlNode[] {
    return slice(this, start, end)
  }
  toArray(): XmlNode[] {
    if (this.doc === null) return elements(this)
    this.doc._versions.of(this)
    return ((this._nodes ??= elements(this)) as XmlNode[]).slice()
  }
  forEach(f: (node: XmlNode, index: number, fragment: this) => void): void {
    this.toArray().forEach((node, index) => f(node, index, this))
  }

  /** As markup; nothing is escaped. */
  override toString(): string {
    if (!this._readable()) return this._emptyMarkup
    return checkRead(engine.rw_xml_string(this.doc!._at, this._number, 0)) ? takeString() : this._emptyMarkup
  }
  get _emptyMarkup(): string {
    return ''
  }
  override toJSON(): string {
    return this.toString()
  }
  /** As nodes of the page. `hooks` make the nodes of hooks; `binding` is told which is which. */
  toDOM(_document: any = globalThis.document, hooks: Record<string, any> = {}, binding?: Association): any {
    const fragment = _document.createDocumentFragment()
    binding?._createAssociation(fragment, this)
    for (const node of this.toArray()) {
      fragment.insertBefore(node.toDOM(_document, hooks, binding), null)
    }
    return fragment
  }

  override clone(): YXmlFragment {
    const made = this._copy()
    made.insert(0, this.#clones())
    return made
  }
  #clones(): XmlNode[] {
    return elements(this).map((node) => (node instanceof AbstractType ? node.clone() : node))
  }
  _cloneChildrenInto(made: YXmlFragment): void {
    made.insert(0, this.#clones())
  }
  override _copy(): YXmlFragment {
    return new YXmlFragment()
  }
  override _attach(doc: Doc, number: number): void {
    super._attach(doc, number)
    if (this._prelimContent!.length === 0) this._prelimContent = null
  }
  override _fill(): void {
    const content = this._prelimContent
    this._prelimContent = null
    if (content !== null) this.insert(0, content)
  }
  override _makeEvent(transaction: Transaction): YXmlEvent {
    return new YXmlEvent(this, null, transaction)
  }
}

register(Kind.xmlFragment, YXmlFragment)
