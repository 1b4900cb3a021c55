// Shared types looked into, item by item.
import { transact } from '../doc/Transaction.js'
import { ContentFormat } from '../structs/contents.js'
import type { Item } from '../structs/Item.js'
import { AbstractType } from './AbstractType.js'
import type { YText } from './YText.js'

/** All items in the list of a type, deleted ones included. */
export const getTypeChildren = (type: AbstractType<any>): Item[] => {
  const items: Item[] = []
  for (let item = type._start; item !== null; item = item.right) items.push(item)
  return items
}

/** Whether an item lies somewhere within a type. */
export const isParentOf = (parent: AbstractType<any>, child: Item | null): boolean => {
  for (let item = child; item !== null; ) {
    const around: unknown = item.parent
    if (around === parent) return true
    item = around instanceof AbstractType ? around._item : null
  }
  return false
}

export const logType = (type: AbstractType<any>): void => {
  const items = getTypeChildren(type)
  console.log('Children: ', items)
  console.log('Children content: ', items.filter((item) => !item.deleted).map((item) => item.content))
}

/**
 * Deletes formats in front of the text that have no effect, and answers how many: what Yjs does,
 * which looks no further.
 */
export const cleanupYTextFormatting = (type: YText): number => {
  if (type.doc === null) return 0
  const marks: Item[] = []
  const last = new Map<string, Item>()
  let item = type._start
  for (; item !== null && (item.deleted || !item.countable); item = item.right) {
    if (item.deleted || !(item.content instanceof ContentFormat)) continue
    marks.push(item)
    last.set(item.content.key, item)
  }
  if (item === null) return 0
  const needless = marks.filter((mark) => {
    const { key, value } = mark.content as ContentFormat
    return value === null || last.get(key) !== mark
  })
  if (needless.length > 0) transact(type.doc, () => needless.forEach((mark) => mark.delete()))
  return needless.length
}
