// What a change did to the items of a type.
import type { Transaction } from '../doc/Transaction.js'
import type { AbstractType } from '../types/AbstractType.js'
import { type DeleteSet, isDeleted } from './DeleteSet.js'
import { Item } from './Item.js'
import { structsIn } from './views.js'

interface ChangedItems {
  added: Set<Item>
  deleted: Set<Item>
}
// Found once for all types that a transaction has changed.
const found = new WeakMap<Transaction, Map<unknown, ChangedItems>>()

const changesOf = (transaction: Transaction): Map<unknown, ChangedItems> => {
  const byType = new Map<unknown, ChangedItems>()
  const collect = (ids: DeleteSet, others: DeleteSet, which: keyof ChangedItems): void => {
    for (const [client, ranges] of ids.clients) {
      for (const { clock, len } of ranges) {
        for (const item of structsIn(transaction.doc, client, clock, clock + len)) {
          if (!(item instanceof Item) || item.parentSub !== null || isDeleted(others, item.id)) continue
          let changes = byType.get(item.parent)
          if (changes === undefined) {
            byType.set(item.parent, (changes = { added: new Set(), deleted: new Set() }))
          }
          changes[which].add(item)
        }
      }
    }
  }
  collect(transaction._inserted, transaction.deleteSet, 'added')
  collect(transaction.deleteSet, transaction._inserted, 'deleted')
  return byType
}

/** The items of a list that a transaction has brought, and those that it has deleted. */
export const changedItems = (type: AbstractType<any>, transaction: Transaction): ChangedItems => {
  let changes = found.get(transaction)
  if (changes === undefined) found.set(transaction, (changes = changesOf(transaction)))
  return changes.get(type) ?? { added: new Set(), deleted: new Set() }
}
