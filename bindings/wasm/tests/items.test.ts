// Items of a document, looked at as programs for Yjs look at them, beside Yjs itself.
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { describe, expect, test, vi } from 'vitest'

type Any = any

/** What an item tells, as plain data. */
const told = (item: Any): Any => ({
  id: [item.id.client, item.id.clock],
  length: item.length,
  deleted: item.deleted,
  origin: item.origin && [item.origin.client, item.origin.clock],
  rightOrigin: item.rightOrigin && [item.rightOrigin.client, item.rightOrigin.clock],
  parentSub: item.parentSub,
  content: item.content.constructor.name,
  shows: item.content.getContent().map((value: Any) => (value?.toJSON !== undefined ? value.toJSON() : value)),
  lastId: [item.lastId.client, item.lastId.clock],
  info: item.info & 7 // beyond that are marks of a search
})
const row = (type: Any): Any[] => {
  const items = []
  for (let item = type._start; item !== null; item = item.right) items.push(told(item))
  return items
}
/** The same edits here and in Yjs. */
const both = (edit: (Lib: Any, doc: Any) => void, opts?: Any): [Y.Doc, Yjs.Doc] => {
  const mine = new Y.Doc(opts)
  const theirs = new Yjs.Doc(opts)
  mine.clientID = theirs.clientID = 7
  edit(Y, mine)
  edit(Yjs, theirs)
  return [mine, theirs]
}

// Names of classes are those of the source in neither library's build.
const nameOf = (Lib: Any, content: Any): string | undefined =>
  Object.keys(Lib).find((name) => name.startsWith('Content') && Lib[name] === content.constructor)
const rowIn = (Lib: Any, type: Any): Any[] => {
  const items = row(type)
  let i = 0
  for (let item = type._start; item !== null; item = item.right) items[i++].content = nameOf(Lib, item.content)
  return items
}

describe('items', () => {
  test.each([true, false])('stand as they do in Yjs (gc: %s)', (gc) => {
    const [mine, theirs] = both((Lib, doc) => {
      const text = doc.getText('text')
      text.insert(0, 'hello world')
      text.insert(5, ',')
      text.delete(2, 2)
      text.format(0, 2, { bold: true })
      text.insertEmbed(1, { image: 'a.png' })
      text.insert(3, 'h\u00e9 \ud83d\ude00')
      const list = doc.getArray('list')
      list.push([1, 'two', { three: 3 }])
      list.insert(1, [new Uint8Array([1, 2]), new Lib.Map(), new Lib.Text('x')])
      list.delete(0, 2)
    }, { gc })
    expect(rowIn(Y, mine.getText('text'))).toEqual(rowIn(Yjs, theirs.getText('text')))
    expect(rowIn(Y, mine.getArray('list'))).toEqual(rowIn(Yjs, theirs.getArray('list')))
  })

  test('of keys are the newest, with what was there before to the left', () => {
    const [mine, theirs] = both((_Lib, doc) => {
      const map = doc.getMap('map')
      map.set('a', 1)
      map.set('b', 2)
      map.set('a', 3)
      map.set('__proto__', 4)
      map.delete('b')
    }, { gc: false })
    const tell = (doc: Any): Any[] =>
      [...doc.getMap('map')._map].map(([key, item]: Any) => [
        key,
        { ...told(item), content: 0 },
        item.left && { ...told(item.left), content: 0 },
        item.right
      ])
    expect(tell(mine)).toEqual(tell(theirs))
    expect(mine.getMap('map')._map.get('a')!.parent).toBe(mine.getMap('map'))
  })

  test('are the same objects as long as somebody holds them', () => {
    const doc = new Y.Doc()
    const list = doc.getArray<Any>('list')
    list.push([new Y.Map(), new Y.Map(), new Y.Map()])
    const item = list._start!
    ;(item as Any).note = 'kept'
    expect(list._start).toBe(item)
    expect(item.right!.left).toBe(item)
    list.insert(0, [new Y.Map()])
    expect(list._start!.right).toBe(item)
    expect((list.get(1) as Y.Map)._item).toBe(item)
    expect((list._start!.next as Any).note).toBe('kept')
    expect(item.content).toBeInstanceOf(Y.ContentType)
    expect((item.content as Y.ContentType).type).toBe(list.get(1))
    expect(item.constructor).toBe(Y.Item)
    expect(new Map([[item, 1]]).get(Y.getItem(doc.store, item.id))).toBe(1)
  })

  test('change as the document does', () => {
    const doc = new Y.Doc()
    const text = doc.getText('text')
    text.insert(0, 'one')
    const item = text._start!
    expect([item.length, item.deleted]).toEqual([3, false])
    doc.transact(() => {
      text.insert(3, ' two')
      expect(item.length).toBe(7)
      text.insert(1, '!')
      expect(item.length).toBe(1)
      expect((item.right!.content as Y.ContentString).str).toBe('!')
    })
    text.delete(0, 1)
    expect([item.deleted, item.length, item.content.getRef()]).toEqual([true, 1, 1])
  })

  test('are looked at while others are told', () => {
    const doc = new Y.Doc()
    const text = doc.getText('text')
    text.insert(0, 'ab')
    const item = text._start!
    const seen: Any[] = []
    doc.on('beforeTransaction', () => seen.push(item.length))
    doc.on('afterTransaction', () => seen.push(item.length, item.deleted, item.content.getContent().join('')))
    text.insert(1, '!')
    text.insert(3, 'c')
    text.delete(0, 1)
    expect(seen).toEqual([2, 1, false, 'a', 1, 1, false, 'a', 1, 1, true, 'a'])
    expect([item.content.getRef(), item.right!.content.getContent()]).toEqual([1, ['!']])
    const far = new Y.Doc()
    const copy = far.getText('text')
    Y.applyUpdate(far, Y.encodeStateAsUpdate(doc))
    const first = copy._start!
    doc.on('update', (update) => Y.applyUpdate(far, update))
    text.delete(0, 3)
    expect(first.next).toBe(null)
  })

  test('are deleted with what they hold', () => {
    const doc = new Y.Doc()
    const theirs = new Yjs.Doc()
    doc.on('update', (update) => Yjs.applyUpdate(theirs, update))
    const list = doc.getArray<Any>('list')
    list.push([1, new Y.Array(), 2])
    const inner = list.get(1) as Y.Array
    inner.push(['deep'])
    const deep = inner._start!
    doc.transact((transaction) => inner._item!.delete(transaction))
    expect(list.toJSON()).toEqual([1, 2])
    expect(theirs.getArray('list').toJSON()).toEqual([1, 2])
    expect(deep.deleted).toBe(true)
    expect(inner._item!.deleted).toBe(true)
    expect(inner._item!.content).toBeInstanceOf(Y.ContentDeleted)
    inner._item!.delete()
    expect(() => ((inner._item as Any).left = null)).toThrow(/engine/)
    expect(() => inner._item!.gc()).toThrow(/engine/)
  })

  test('come ten thousand in a row', () => {
    const doc = new Y.Doc()
    const fragment = doc.getXmlFragment('page')
    doc.transact(() => {
      for (let i = 0; i < 10_000; i++) fragment.push([new Y.XmlElement('p')])
    })
    let count = 0
    for (let item = fragment._first; item !== null; item = item.next) {
      expect((item.content as Y.ContentType).type._item).toBe(item)
      count++
    }
    expect(count).toBe(10_000)
    let last = (fragment.get(9_999) as Any)._item
    for (count = 0; last !== null; last = last.prev) count++
    expect(count).toBe(10_000)
    expect(Y.getTypeChildren(fragment)).toHaveLength(10_000)
  })

  test('lie within types', () => {
    const doc = new Y.Doc()
    const map = doc.getMap<Any>('map')
    const list = map.set('list', new Y.Array())
    list.push([new Y.Text('x')])
    const text = list.get(0) as Y.Text
    expect(Y.isParentOf(map, text._start)).toBe(true)
    expect(Y.isParentOf(text, list._item)).toBe(false)
    expect(Y.isParentOf(map, null)).toBe(false)
    expect(Y.findRootTypeKey(map)).toBe('map')
    expect(() => Y.findRootTypeKey(text)).toThrow()
  })

  test('are what an event has brought and taken', () => {
    const tell = (Lib: Any): Any => {
      const doc = new Lib.Doc({ gc: true })
      doc.clientID = 5
      const list = doc.getArray('list')
      list.push([1, new Lib.Map(), 3, 4])
      const seen: Any[] = []
      list.observeDeep((events: Any[], transaction: Any) => {
        for (const event of events) {
          const { added, deleted } = event.changes
          const tellItem = (item: Any): Any => [item.id.clock, item.length, nameOf(Lib, item.content)]
          seen.push([...added].map(tellItem), [...deleted].map(tellItem))
        }
        Lib.iterateDeletedStructs(transaction, transaction.deleteSet, (struct: Any) => {
          seen.push([struct.constructor === Lib.Item, struct.id.clock, struct.length, struct.content?.type !== undefined])
        })
      })
      doc.transact(() => {
        list.delete(1, 2)
        list.insert(1, ['new'])
      })
      list.push([5])
      return seen
    }
    expect(tell(Y)).toEqual(tell(Yjs))
  })

  test('print what a type holds', () => {
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const doc = new Y.Doc()
    doc.getText('text').insert(0, 'abc')
    Y.logType(doc.getText('text'))
    expect(log).toHaveBeenCalledTimes(2)
    log.mockRestore()
  })
})

describe('the struct store', () => {
  test('has the structs of each client', () => {
    const [mine, theirs] = both((Lib, doc) => {
      const list = doc.getArray('list')
      list.push([1, 2, 3, new Lib.Array()])
      list.get(3).push(['a', 'b'])
      list.delete(1, 1)
      list.delete(2, 1)
      const other = new Lib.Doc()
      other.clientID = 9
      other.getText('text').insert(0, 'from elsewhere')
      Lib.applyUpdate(doc, Lib.encodeStateAsUpdate(other))
    })
    const tell = (Lib: Any, doc: Any): Any =>
      [...doc.store.clients]
        .sort(([a]: Any, [b]: Any) => a - b)
        .map(([client, structs]: Any) => [
          client,
          structs.map((struct: Any) => [struct.id.clock, struct.length, struct.deleted, struct.constructor === Lib.GC])
        ])
    expect(tell(Y, mine)).toEqual(tell(Yjs, theirs))
    expect(mine.store.clients.size).toBe(2)
    expect(mine.store.clients.get(1)).toBeUndefined()
    expect(Y.getState(mine.store, 7)).toBe(6)
    expect(Y.getState(mine.store, 8)).toBe(0)
    const structs = mine.store.clients.get(7)!
    expect(structs[Y.findIndexSS(structs, 1)].id.clock).toBe(1)
    expect(() => Y.findIndexSS(structs, 100)).toThrow()
    expect(mine.store.clients.get(7)).toBe(structs)
  })

  test('cuts items where it is asked to', () => {
    const doc = new Y.Doc()
    doc.clientID = 3
    const text = doc.getText('text')
    text.insert(0, 'abcdef')
    doc.transact((transaction) => {
      const right = Y.getItemCleanStart(transaction, Y.createID(3, 2))
      expect([right.id.clock, (right.content as Y.ContentString).str]).toEqual([2, 'cdef'])
      const left = Y.getItemCleanEnd(transaction, doc.store, Y.createID(3, 3))
      expect([left.id.clock, (left.content as Y.ContentString).str]).toEqual([0, 'abcd'])
      expect(left.right!.id.clock).toBe(4)
      expect(Y.getItem(doc.store, Y.createID(3, 4))).toBe(text._start)
      expect(() => Y.getItem(doc.store, Y.createID(3, 6))).toThrow(/3:6/)
    })
  })

  test('tells what waits', () => {
    const from = new Yjs.Doc()
    from.clientID = 4
    const updates: Uint8Array[] = []
    from.on('update', (update) => updates.push(update))
    from.getArray('list').push([1])
    from.getArray('list').push([2])
    from.getArray('list').delete(1)
    const doc = new Y.Doc()
    expect([doc.store.pendingStructs, doc.store.pendingDs]).toEqual([null, null])
    Y.applyUpdate(doc, updates[1])
    Y.applyUpdate(doc, updates[2])
    expect([...doc.store.pendingStructs!.missing.keys()]).toEqual([4])
    expect(Y.encodeStateAsUpdate(doc, undefined, { pending: false })).toEqual(new Uint8Array([0, 0]))
    const other = new Y.Doc()
    Y.applyUpdate(other, updates[0])
    Y.applyUpdateV2(other, doc.store.pendingStructs!.update)
    Y.applyUpdateV2(other, doc.store.pendingDs!)
    expect(other.getArray('list').toJSON()).toEqual([1])
  })

  test('tidies formats that have no effect', () => {
    const doc = new Y.Doc()
    const text = doc.getText('text')
    text.insert(0, 'abc')
    expect(Y.cleanupYTextFormatting(text)).toBe(0)
  })
})

describe('sets of ids', () => {
  test('are merged, compared and searched', () => {
    const doc = new Y.Doc({ gc: false })
    doc.clientID = 2
    const text = doc.getText('text')
    text.insert(0, 'abcdef')
    text.delete(1, 2)
    const set = Y.createDeleteSetFromStructStore(doc.store)
    expect([...set.clients]).toEqual([[2, [{ clock: 1, len: 2 }]]])
    expect(Y.isDeleted(set, Y.createID(2, 2))).toBe(true)
    expect(Y.isDeleted(set, Y.createID(2, 3))).toBe(false)
    text.delete(1, 1)
    const merged = Y.mergeDeleteSets([set, Y.createDeleteSetFromStructStore(doc.store)])
    expect([...merged.clients]).toEqual([[2, [{ clock: 1, len: 3 }]]])
    expect(Y.equalDeleteSets(merged, Y.createDeleteSetFromStructStore(doc.store))).toBe(true)
    expect(Y.equalDeleteSets(merged, set)).toBe(false)
    expect(Y.equalDeleteSets(Y.createDeleteSet(), new (set.constructor as Any)())).toBe(true)
  })
})
