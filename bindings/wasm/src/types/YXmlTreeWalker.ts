// Everything within a fragment, in document order.
import type { AbstractType } from './AbstractType.js'
import type { YXmlFragment } from './YXmlFragment.js'

export class YXmlTreeWalker implements IterableIterator<any> {
  _filter: (node: AbstractType<any>) => boolean
  _root: YXmlFragment
  // Children that are still to come, of each level; the innermost last.
  #ahead: any[][]

  constructor(root: YXmlFragment, f: (node: AbstractType<any>) => boolean = () => true) {
    this._root = root
    this._filter = f
    this.#ahead = [root.toArray().reverse()]
  }
  [Symbol.iterator](): this {
    return this
  }
  next(): IteratorResult<any> {
    for (let level = this.#ahead.at(-1); level !== undefined; level = this.#ahead.at(-1)) {
      const node = level.pop()
      if (node === undefined) {
        this.#ahead.pop()
        continue
      }
      // Elements and fragments have children, texts and hooks none.
      if (typeof node.querySelector === 'function') this.#ahead.push(node.toArray().reverse())
      if (this._filter(node)) return { value: node, done: false }
    }
    return { value: undefined, done: true }
  }
}
