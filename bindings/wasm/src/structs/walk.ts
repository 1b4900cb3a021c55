// Items of a document, looked up in the engine.
import type { Doc } from '../doc/Doc.js'
import type { Transaction } from '../doc/Transaction.js'
import type { AbstractType } from '../types/AbstractType.js'
import type { Item } from './Item.js'

export const itemOfType = (_doc: Doc, _number: number): Item | null => null
export const firstItem = (_doc: Doc, _number: number): Item | null => null
export const keyItems = (_doc: Doc, _number: number): Map<string, Item> => new Map()
export const nextVisible = (item: Item | null): Item | null => item
export const changedItems = (_type: AbstractType<any>, _transaction: Transaction) => ({
  added: new Set<Item>(),
  deleted: new Set<Item>()
})
export const itemAt = (_doc: Doc, _client: number, _clock: number): Item | null => null
