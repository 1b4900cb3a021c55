// Tells what changed in an XML element or fragment.
import type { Transaction } from '../doc/Transaction.js'
import type { AbstractType } from './AbstractType.js'
import { YEvent } from './YEvent.js'

export class YXmlEvent extends YEvent<AbstractType<any>> {
  constructor(target: AbstractType<any>, _keys: Set<string | null> | null, transaction: Transaction) {
    super(target, transaction)
  }
  /** Whether children came or went. */
  get childListChanged(): boolean {
    return this.transaction.changed.get(this.target)?.has(null) ?? false
  }
  /** Names of attributes that changed. */
  get attributesChanged(): Set<string> {
    const names = new Set(this.transaction.changed.get(this.target) as Set<string | null>)
    names.delete(null)
    return names as Set<string>
  }
}
