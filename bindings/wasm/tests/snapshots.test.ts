// Documents as they were, beside Yjs.
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { describe, expect, test } from 'vitest'

type Any = any

/** The same history here and in Yjs, with snapshots on the way. */
const history = (Lib: Any): Any => {
  const doc = new Lib.Doc({ gc: false })
  doc.clientID = 6
  const text = doc.getText('text')
  const list = doc.getArray('list')
  const map = doc.getMap('map')
  const snapshots = []
  text.insert(0, 'hello world')
  list.push([1, 2, 3])
  map.set('key', 'old')
  map.set('gone', 1)
  snapshots.push(Lib.snapshot(doc))
  text.delete(2, 3)
  text.insert(2, 'y there', { bold: true })
  text.insertEmbed(0, { image: 1 })
  list.delete(1, 1)
  list.insert(0, ['new'])
  map.set('key', 'new')
  map.delete('gone')
  map.set('__proto__', 'data')
  snapshots.push(Lib.snapshot(doc))
  text.delete(0, 4)
  list.push([4])
  return { doc, text, list, map, snapshots }
}

describe('snapshots', () => {
  test('show types as they were', () => {
    const tell = (Lib: Any): Any => {
      const { text, list, map, snapshots } = history(Lib)
      const [old, now] = snapshots
      return [old, now, Lib.emptySnapshot].map((at) => [
        text.toDelta(at),
        Lib.typeListToArraySnapshot(list, at),
        Lib.typeMapGetSnapshot(map, 'key', at),
        Lib.typeMapGetSnapshot(map, 'gone', at),
        Object.keys(Lib.typeMapGetAllSnapshot(map, at)).filter((key) => key !== '__proto__')
      ])
    }
    expect(tell(Y)).toEqual(tell(Yjs))
    const { map, snapshots } = history(Y)
    const all = Y.typeMapGetAllSnapshot(map, snapshots[1])
    expect(Object.getOwnPropertyDescriptor(all, '__proto__')!.value).toBe('data')
    expect(Object.getPrototypeOf(all)).toBe(Object.prototype)
  })

  test('show what changed between two', () => {
    const tell = (Lib: Any): Any => {
      const { text, snapshots } = history(Lib)
      const [old, now] = snapshots
      return [
        text.toDelta(now, old),
        text.toDelta(now, old, (type: string, id: Any) => ({ type, user: id.client })),
        text.toDelta(undefined, old)
      ]
    }
    expect(tell(Y)).toEqual(tell(Yjs))
  })

  test('show a part of what was typed in one go', () => {
    const doc = new Y.Doc({ gc: false })
    const text = doc.getText('text')
    text.insert(0, 'abc')
    const old = Y.snapshot(doc)
    text.insert(3, 'def')
    text.delete(1, 3)
    const list = doc.getArray('list')
    list.push([1, 2])
    const later = Y.snapshot(doc)
    list.push([3])
    expect(text.toDelta(old)).toEqual([{ insert: 'abc' }])
    expect(Y.typeListToArraySnapshot(list, later)).toEqual([1, 2])
    expect(text.toDelta(later, old)).toEqual([
      { insert: 'a' },
      { insert: 'bc', attributes: { ychange: { type: 'removed' } } },
      { insert: 'ef', attributes: { ychange: { type: 'added' } } }
    ])
  })

  test('are bytes as in Yjs, and back', () => {
    const { snapshots: mine } = history(Y)
    const { snapshots: theirs } = history(Yjs)
    for (const [i, snapshot] of [...mine, Y.emptySnapshot].entries()) {
      const like = [...theirs, Yjs.emptySnapshot][i]
      expect(Y.encodeSnapshot(snapshot)).toEqual(Yjs.encodeSnapshot(like))
      expect(Y.encodeSnapshotV2(snapshot)).toEqual(Yjs.encodeSnapshotV2(like))
      expect(Y.equalSnapshots(Y.decodeSnapshot(Yjs.encodeSnapshot(like)), snapshot)).toBe(true)
      expect(Y.equalSnapshots(Y.decodeSnapshotV2(Yjs.encodeSnapshotV2(like)), snapshot)).toBe(true)
    }
    expect(Y.equalSnapshots(mine[0], mine[1])).toBe(false)
    expect(Y.createSnapshot(mine[0].ds, mine[0].sv)).toBeInstanceOf(Y.Snapshot)
  })

  test('make documents', () => {
    const { doc, snapshots } = history(Y)
    const old = Y.createDocFromSnapshot(doc, snapshots[0])
    expect([old.getText('text').toString(), old.getArray('list').toJSON()]).toEqual(['hello world', [1, 2, 3]])
    const given = new Y.Doc()
    expect(Y.createDocFromSnapshot(doc, snapshots[1], given)).toBe(given)
    expect(given.getMap('map').get('key')).toBe('new')
    expect(() => Y.createDocFromSnapshot(new Y.Doc(), snapshots[0])).toThrow(/gc/)
    const foreign = Y.createSnapshot(Y.createDeleteSet(), new Map([[99, 5]]))
    expect(() => Y.createDocFromSnapshot(doc, foreign)).toThrow(Y.RopewalkError)
  })

  test('know what updates they contain', () => {
    const { doc, snapshots } = history(Y)
    const now = Y.encodeStateAsUpdate(doc)
    const nowV2 = Y.encodeStateAsUpdateV2(doc)
    expect(Y.snapshotContainsUpdate(snapshots[1], now)).toBe(false)
    expect(Y.snapshotContainsUpdate(Y.snapshot(doc), now)).toBe(true)
    expect(Y.snapshotContainsUpdateV2(Y.snapshot(doc), nowV2)).toBe(true)
    const old = Y.createDocFromSnapshot(doc, snapshots[0])
    expect(Y.snapshotContainsUpdate(snapshots[1], Y.encodeStateAsUpdate(old))).toBe(true)
  })
})

describe('user data', () => {
  test('tells who wrote and who deleted', async () => {
    const doc = new Y.Doc({ gc: false })
    const other = new Yjs.Doc({ gc: false })
    const mine = new Y.PermanentUserData(doc)
    const theirs = new Yjs.PermanentUserData(other)
    doc.on('update', (update, origin) => origin !== 'sync' && Yjs.applyUpdate(other, update, 'sync'))
    other.on('update', (update, origin) => origin !== 'sync' && Y.applyUpdate(doc, update, 'sync'))
    mine.setUserMapping(doc, doc.clientID, 'ada')
    theirs.setUserMapping(other, other.clientID, 'bob')
    doc.getText('text').insert(0, 'abcd')
    doc.getText('text').delete(0, 1)
    other.getText('text').delete(2, 1)
    await new Promise((resolve) => setTimeout(resolve, 30))
    for (const users of [mine, theirs]) {
      expect(users.getUserByClientId(doc.clientID)).toBe('ada')
      expect(users.getUserByClientId(other.clientID)).toBe('bob')
    }
    const start = doc.getText('text')._start!
    const last = doc.getText('text')._start!.right!.right!
    for (const users of [mine, theirs]) {
      expect(users.getUserByDeletedId(start.id)).toBe('ada')
      expect(users.getUserByDeletedId(last.id)).toBe('bob')
    }
    expect(mine.getUserByDeletedId(Y.createID(1, 1))).toBe(null)
  })
})
