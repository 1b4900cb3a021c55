// Random histories of three replicas, here and in Yjs: the same items in the same places, also where
// somebody has looked at them after every edit.
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { expect, test } from 'vitest'

type Any = any

let seed = 1
const random = (below: number): number => {
  seed = (seed * 48271) % 0x7fffffff
  return seed % below
}

const nameOf = (Lib: Any, content: Any): string | undefined =>
  Object.keys(Lib).find((name) => name.startsWith('Content') && Lib[name] === content.constructor)
const plain = (id: Any): Any => id && [id.client, id.clock]
const tell = (Lib: Any, item: Any): Any => ({
  id: plain(item.id),
  length: item.length,
  origin: plain(item.origin),
  rightOrigin: plain(item.rightOrigin),
  key: item.parentSub,
  content: nameOf(Lib, item.content),
  shows: item.content.getContent().map((value: Any) => (value?.toJSON === undefined ? value : 'type')),
  deleted: item.deleted
})
/** What was forgotten side by side is one in Yjs, and may be two here. */
const joined = (items: Any[]): Any[] => {
  const rows: Any[] = []
  for (const item of items) {
    const before = rows.at(-1)
    const both = item.content === 'ContentDeleted' && before?.content === 'ContentDeleted'
    if (both && before.id[0] === item.id[0] && before.id[1] + before.length === item.id[1]) before.length += item.length
    else rows.push(item)
  }
  return rows
}
const tellAll = (Lib: Any, doc: Any): Any[] => {
  const told: Any[] = []
  const types = [doc.getText('text'), doc.getArray('list'), doc.getMap('map'), doc.getXmlFragment('xml')]
  for (const type of types) {
    const row = []
    for (let item = type._start; item !== null; item = item.right) {
      row.push(tell(Lib, item))
      expect(item.parent).toBe(type)
      if (item.right !== null) expect(item.right.left).toBe(item)
      let next = item.right
      while (next?.deleted) next = next.right
      expect(item.next).toBe(next)
      if (!item.deleted && item.content.type !== undefined) types.push(item.content.type)
    }
    told.push(joined(row))
    let first = type._start
    while (first?.deleted) first = first.right
    expect(type._first).toBe(first)
    if (type.firstChild !== undefined) {
      told.push(type.toArray().map(String))
      expect(type.toArray()[0] ?? null).toBe(type.firstChild)
    }
    for (const newest of [...type._map.keys()].sort().map((key) => type._map.get(key))) {
      const history = []
      for (let item = newest; item !== null; item = item.left) history.unshift(tell(Lib, item))
      told.push(joined(history))
      if (!newest.deleted && newest.content.type !== undefined) types.push(newest.content.type)
    }
  }
  return told
}

const element = (Lib: Any, a: number, b: number): Any => {
  const made = new Lib.XmlElement(`p${a % 3}`)
  if (b % 3 > 0) made.insert(0, [b % 3 === 1 ? new Lib.XmlText('in it') : element(Lib, a + 1, b >> 1)])
  return made
}
/** One edit of the tree of XML: of its root, or of an element in it. */
const editTree = (Lib: Any, root: Any, what: number, a: number, b: number): void => {
  const inner = root.toArray().find((node: Any) => node.insert !== undefined && node.nodeName !== undefined)
  const node = a % 2 === 0 || inner === undefined ? root : inner
  if (what % 3 > 0 || node.length === 0) node.insert(b % (node.length + 1), [element(Lib, a, b)])
  else node.delete(b % node.length, 1)
}

/** `looking`: somebody looks at all items after every edit; `heard`: while it is told, too. */
const play = (Lib: Any, edits: number[][], gc: boolean, looking: boolean, heard: boolean): Any[] => {
  const docs = [1, 2, 3].map((id) => {
    const doc = new Lib.Doc({ gc })
    doc.clientID = id
    if (heard) doc.on('afterTransaction', () => tellAll(Lib, doc))
    return doc
  })
  for (const [who, what, a, b] of edits) {
    const doc = docs[who]
    const text = doc.getText('text')
    const list = doc.getArray('list')
    const map = doc.getMap('map')
    const at = a % Math.max(text.length, 1)
    if (what < 3) text.insert(at, 'ab\u00e9'.slice(0, 1 + (b % 3)))
    else if (what === 3 && text.length > 0) text.delete(at, Math.min(1 + (b % 4), text.length - at))
    else if (what === 4 && text.length > 0) text.format(at, 1, { bold: b % 2 === 0 ? true : null })
    else if (what === 5) list.insert(a % (list.length + 1), [a, { b }])
    else if (what === 6 && list.length > 0) list.delete(a % list.length, 1)
    else if (what === 7) list.push([Lib.Array.from(['inner', b])])
    else if (what === 8) map.set(`key ${a % 3}`, b % 4 === 0 ? new Lib.Map([['x', 1]]) : b)
    else if (what === 9) map.delete(`key ${a % 3}`)
    else if (what === 10) list.toArray().find((value: Any) => value instanceof Lib.Array)?.push([b])
    else if (what > 12) editTree(Lib, doc.getXmlFragment('xml'), what, a, b)
    else Lib.applyUpdate(doc, Lib.encodeStateAsUpdate(docs[(who + 1) % 3], Lib.encodeStateVector(doc)))
    if (looking) docs.forEach((each) => tellAll(Lib, each))
  }
  return docs.map((doc) => tellAll(Lib, doc))
}

test('items stand as in Yjs whatever happens', () => {
  for (let round = 1; round <= 60; round++) {
    seed = round * 7919
    const edits = Array.from({ length: 30 }, () => [random(3), random(17), random(100), random(100)])
    const gc = round % 2 === 0
    const heard = round % 3 === 0
    expect(play(Y, edits, gc, true, heard), `round ${round}`).toEqual(play(Yjs, edits, gc, false, false))
  }
})
