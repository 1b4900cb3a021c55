// A place among XML nodes for something that is not XML: a map with a name.
import { check } from '../engine/errors.js'
import { engine, takeString } from '../engine/wasm.js'
import { allEntries } from './entries.js'
import { Kind, register } from './kinds.js'
import { AbstractType } from './AbstractType.js'
import { YMap } from './YMap.js'

export class YXmlHook extends YMap<any> {
  override _kind: number = Kind.xmlHook
  #hookName: string | null

  constructor(hookName = '') {
    super()
    this.#hookName = hookName
  }
  get hookName(): string {
    if (this.#hookName !== null) return this.#hookName
    check(engine.rw_type_name(this.doc!._open(), this._number))
    return (this.#hookName = takeString())
  }
  override get _name(): string {
    return this.hookName
  }
  /** The node that the hook of that name makes. */
  toDOM(_document: any = globalThis.document, hooks: Record<string, any> = {}, binding?: any): any {
    const hook = hooks[this.hookName]
    const dom = hook !== undefined ? hook.createDom(this) : _document.createElement(this.hookName)
    dom.setAttribute('data-yjs-hook', this.hookName)
    binding?._createAssociation(dom, this)
    return dom
  }
  override clone(): YXmlHook {
    const made = this._copy()
    for (const [key, value] of allEntries(this)) {
      made.set(key, value instanceof AbstractType ? value.clone() : value)
    }
    return made
  }
  override _copy(): YXmlHook {
    return new YXmlHook(this.hookName)
  }
  override _named(): this {
    this.#hookName = null
    return this
  }
}

register(Kind.xmlHook, YXmlHook)
