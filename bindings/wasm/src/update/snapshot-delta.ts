// Text as it was at a snapshot, and what changed since another one.
import { define } from '../engine/any.js'
import { ContentEmbed, ContentFormat, ContentString, ContentType } from '../structs/contents.js'
import type { ID } from '../structs/ID.js'
import type { AbstractType } from '../types/AbstractType.js'
import { isVisible, type Snapshot } from './Snapshot.js'
import { piecesOf } from './snapshot-reads.js'

type Change = 'removed' | 'added'
type ChangeOf = (kind: Change, id: ID) => any

/**
 * What the text held at `now`, and with `before` also what only that had: it bears the attribute
 * `ychange`. Without `now` the text as it is.
 */
export const snapshotDelta = (
  text: AbstractType<any>,
  now?: Snapshot,
  before?: Snapshot,
  changeOf: ChangeOf = (type) => ({ type })
): any[] => {
  const ops: any[] = []
  const current = new Map<string, any>()
  let inserted = ''
  const push = (insert: any): void => {
    const op: any = { insert }
    if (current.size > 0) {
      op.attributes = {}
      for (const [key, value] of current) define(op.attributes, key, value)
    }
    ops.push(op)
  }
  const endText = (): void => {
    if (inserted !== '') push(inserted)
    inserted = ''
  }
  const mark = (change: Change | null, id: ID): void => {
    const known = current.get('ychange')
    if (change === null) {
      if (known === undefined) return
      endText()
      current.delete('ychange')
    } else if (known === undefined || known.user !== id.client || known.type !== change) {
      endText()
      current.set('ychange', changeOf(change, id))
    }
  }
  for (let item = text._start; item !== null; item = item.right) {
    for (const piece of piecesOf(item, now, before)) {
      const isNow = isVisible(piece, now)
      const wasBefore = before !== undefined && isVisible(piece, before)
      if (!isNow && !wasBefore) continue
      const { content } = item
      if (content instanceof ContentString) {
        if (now !== undefined && !isNow) mark('removed', piece.id)
        else mark(before !== undefined && !wasBefore ? 'added' : null, piece.id)
        inserted += content.str.slice(piece.offset, piece.offset + piece.length)
      } else if (content instanceof ContentType || content instanceof ContentEmbed) {
        endText()
        push(content.getContent()[0])
      } else if (content instanceof ContentFormat && isNow) {
        endText()
        if (content.value === null) current.delete(content.key)
        else current.set(content.key, content.value)
      }
    }
  }
  endText()
  return ops
}
