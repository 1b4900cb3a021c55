// Relative positions, beside Yjs.
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { describe, expect, test } from 'vitest'

type Any = any

const make = (Lib: Any): Any => {
  const doc = new Lib.Doc()
  doc.clientID = 8
  doc.getText('text').insert(0, 'hello')
  const inner = new Lib.Array()
  doc.getArray('list').push([1, inner, 'x'])
  inner.push(['a', 'b'])
  doc.getText('text').delete(1, 1)
  return doc
}
const each = (Lib: Any, f: (doc: Any, position: Any, index: number) => Any): Any[] => {
  const doc = make(Lib)
  const told = []
  for (const type of [doc.getText('text'), doc.getArray('list'), doc.getArray('list').get(1), doc.getMap('none')]) {
    for (const assoc of [0, -1]) {
      for (let index = 0; index <= 5; index++) {
        told.push(f(doc, Lib.createRelativePositionFromTypeIndex(type, index, assoc), index))
      }
    }
  }
  return told
}

describe('relative positions', () => {
  test('name the same unit as in Yjs', () => {
    const tell = (Lib: Any): Any =>
      each(Lib, (_doc, position) => [Lib.relativePositionToJSON(position), [...Lib.encodeRelativePosition(position)]])
    expect(tell(Y)).toEqual(tell(Yjs))
    expect(JSON.stringify(tell(Y))).toBe(JSON.stringify(tell(Yjs)))
  })

  test('lead to where it is', () => {
    const tell = (Lib: Any): Any =>
      each(Lib, (doc, position) => {
        doc.getText('text').insert(2, 'zz')
        const at = Lib.createAbsolutePositionFromRelativePosition(position, doc)
        const decoded = Lib.decodeRelativePosition(Lib.encodeRelativePosition(position))
        const json = Lib.createRelativePositionFromJSON(JSON.parse(JSON.stringify(Lib.relativePositionToJSON(position))))
        return [
          at.index,
          at.assoc,
          at.type._item?.id.clock,
          Lib.createAbsolutePositionFromRelativePosition(decoded, doc).index,
          Lib.compareRelativePositions(json, position),
          Lib.compareRelativePositions(decoded, null)
        ]
      })
    expect(tell(Y)).toEqual(tell(Yjs))
  })

  test('lead to the type', () => {
    const doc = make(Y) as Y.Doc
    const inner = doc.getArray<Any>('list').get(1) as Y.Array
    const position = Y.createRelativePositionFromTypeIndex(inner, 1)
    expect(Y.createAbsolutePositionFromRelativePosition(position, doc)).toEqual(new Y.AbsolutePosition(inner, 1, 0))
    expect(Y.createAbsolutePositionFromRelativePosition(position, doc)!.type).toBe(inner)
    expect(Y.createAbsolutePositionFromRelativePosition(position, new Y.Doc())).toBe(null)
    doc.getArray('list').delete(1, 1)
    expect(Y.createAbsolutePositionFromRelativePosition(position, doc)).toBe(null)
  })

  test('that are broken are told so', () => {
    expect(() => Y.decodeRelativePosition(new Uint8Array([]))).toThrow(Y.RopewalkError)
    expect(() => Y.decodeRelativePosition(new Uint8Array([9]))).toThrow(
      expect.objectContaining({ code: 'unknown_tag', offset: 0 })
    )
    expect(() => Y.decodeRelativePosition(new Uint8Array([0, 1]))).toThrow(
      expect.objectContaining({ code: 'unexpected_end', offset: 2 })
    )
    expect(() => Y.encodeRelativePosition(new Y.RelativePosition(null, null, null))).toThrow()
    expect(Y.decodeRelativePosition(Y.encodeRelativePosition(new Y.RelativePosition(null, '__proto__', null, -1)))).toEqual(
      new Y.RelativePosition(null, '__proto__', null, -1)
    )
  })
})
