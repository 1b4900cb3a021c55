// A text among XML elements.
import { checkRead } from '../engine/errors.js'
import { engine, takeString } from '../engine/wasm.js'
import { Kind, register } from './kinds.js'
import { nextSibling, prevSibling } from './siblings.js'
import type { XmlNode } from './YXmlFragment.js'
import { YText } from './YText.js'

export class YXmlText extends YText {
  override _kind: number = Kind.xmlText

  get nextSibling(): XmlNode | null {
    return nextSibling(this)
  }
  get prevSibling(): XmlNode | null {
    return prevSibling(this)
  }
  /** With its formats as tags. */
  override toString(): string {
    if (!this._readable()) return ''
    return checkRead(engine.rw_xml_string(this.doc!._at, this._number, 1)) ? takeString() : ''
  }
  toDOM(_document: any = globalThis.document, _hooks?: Record<string, any>, binding?: any): any {
    const dom = _document.createTextNode(this.toString())
    binding?._createAssociation(dom, this)
    return dom
  }
  override clone(): YXmlText {
    const made = new YXmlText()
    made.applyDelta(this.toDelta())
    return made
  }
  override _copy(): YXmlText {
    return new YXmlText()
  }
}

register(Kind.xmlText, YXmlText)
