// Documents within documents.
import { describe } from 'vitest'
import { type Bench, same } from './same'

const watch = ({ log }: Bench, doc: any, name = 'doc'): void => {
  const gone = new Set<unknown>()
  doc.on('subdocs', (told: any, on: any, tr: any) => {
    // Yjs tells twice of one that was deleted.
    if (told.added.size === 0 && told.loaded.size === 0 && [...told.removed].every((one) => gone.has(one))) return
    for (const one of told.removed) gone.add(one)
    log(name, 'subdocs', told.added, told.removed, told.loaded, on === doc, typeof tr.origin === 'object' ? null : tr.origin)
    log(tr.subdocsAdded, tr.subdocsRemoved, tr.subdocsLoaded)
    for (const one of told.added) log(one.guid, one.clientID === doc.clientID, one.collectionid, one.isDestroyed)
    for (const one of told.removed) log(one.guid, one.isDestroyed)
  })
}
const guids = (doc: any): unknown => [[...doc.getSubdocs()].map((one: any) => one.guid), [...doc.getSubdocGuids()]]

describe('sub-documents', () => {
  same('put in, loaded, replaced and deleted', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1, { collectionid: 'mine' })
    watch(bench, doc)
    const map = doc.getMap<any>('m')
    const a = new Y.Doc({ guid: 'a' })
    map.set('a', a)
    log(map.get('a') === a, guids(doc), a.collectionid)
    a.load()
    map.set('b', new Y.Doc({ guid: 'b', shouldLoad: false, meta: { title: 'B' } }))
    map.set('c', new Y.Doc({ guid: 'c', autoLoad: true, gc: false, collectionid: 'own' }))
    const b = map.get('b')
    log(b.meta, b.shouldLoad, b.gc, map.get('c').gc, map.get('c').autoLoad, guids(doc))
    b.load()
    b.load()
    log(b.shouldLoad)
    map.set('a', 1)
    log(a.isDestroyed, guids(doc))
    map.delete('b')
    log(b.isDestroyed, guids(doc))
  })

  same('several in one transaction, and there and gone', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    watch(bench, doc)
    const list = doc.getArray<any>('l')
    doc.transact(() => {
      list.push([new Y.Doc({ guid: '1' }), 'x', new Y.Doc({ guid: '2', shouldLoad: false })])
    }, 'origin')
    doc.transact(() => {
      list.push([new Y.Doc({ guid: '3' })])
      list.delete(0, 1)
    })
    doc.transact(() => {
      list.push([new Y.Doc({ guid: '4' })])
      list.delete(list.length - 1, 1)
    })
    log(guids(doc), list.toArray().map((value) => (value instanceof Y.Doc ? value.guid : value)))
  })

  same('that come in updates', (bench) => {
    const { Y, log } = bench
    const other = bench.doc(2)
    other.getMap<any>('m').set('auto', new Y.Doc({ guid: 'auto', autoLoad: true, meta: { a: 1 } }))
    other.getMap<any>('m').set('lazy', new Y.Doc({ guid: 'lazy', meta: [1] }))
    const doc = bench.doc(1)
    watch(bench, doc)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'remote')
    const map = doc.getMap<any>('m')
    log(map.get('auto').shouldLoad, map.get('lazy').shouldLoad, map.get('lazy').meta, map.get('auto').meta)
    log(map.get('lazy') === map.get('lazy'), doc.getSubdocs().has(map.get('lazy')))
    map.get('lazy').load()
    map.get('lazy').getText('t').insert(0, 'inside')
    log(map.get('lazy').getText('t'))
    other.getMap('m').delete('lazy')
    const lazy = map.get('lazy')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    log(lazy.isDestroyed, guids(doc))
  })

  same('destroyed ones are replaced', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    watch(bench, doc)
    const map = doc.getMap<any>('m')
    const first = new Y.Doc({ guid: 'one', meta: { m: 1 } })
    first.on('destroy', (on: any) => log('destroy', on === first))
    first.on('destroyed' as any, (done: any) => log('destroyed', done))
    map.set('k', first)
    first.getText('t').insert(0, 'text')
    first.destroy()
    const second = map.get('k')
    log(second === first, second.guid, second.shouldLoad, second.meta, second.isDestroyed, first.isDestroyed, guids(doc))
    second.load()
    log(second.shouldLoad)
    second.destroy()
    log(map.get('k') === second, guids(doc))
  })

  same('destroyed with the document around them', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    const one = new Y.Doc({ guid: 'one' })
    const inner = new Y.Doc({ guid: 'inner' })
    one.getMap<any>('m').set('inner', inner)
    doc.getMap<any>('m').set('one', one)
    for (const [name, held] of [['doc', doc], ['one', one], ['inner', inner]] as const) {
      held.on('destroy', () => log('destroyed', name))
    }
    doc.destroy()
    log(doc.isDestroyed, one.isDestroyed, inner.isDestroyed)
  })

  same('copies by id', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    const map = doc.getMap<any>('m')
    const one = new Y.Doc({ guid: 'same', meta: { v: 1 } })
    map.set('a', one)
    const copy = new Y.Doc({ guid: one.guid })
    map.set('b', copy)
    log(guids(doc), map.get('a') === map.get('b'))
    one.getText('t').insert(0, 'x')
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(one))
    log(copy.getText('t'))
    const list = new Y.Array<any>()
    map.set('l', list)
    list.push([new Y.Doc({ guid: 'in list' })])
    map.set('l2', list.clone())
    log(guids(doc))
  })

  same('put in twice', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    const one = new Y.Doc({ guid: 'one' })
    doc.getMap<any>('m').set('a', one)
    doc.getMap<any>('m').set('b', one)
    log(doc.getMap<any>('m').get('b') === one, guids(doc))
  })

  same('_item says where it is', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    const one = new Y.Doc({ guid: 'one' })
    log(one._item === null)
    doc.getMap<any>('m').set('k', one)
    log(one._item !== null)
  })

  same('undone and redone', (bench) => {
    const { Y, log } = bench
    const doc = bench.doc(1)
    watch(bench, doc)
    const map = doc.getMap<any>('m')
    const undo = new Y.UndoManager(map, { captureTimeout: 0 })
    map.set('k', new Y.Doc({ guid: 'one', meta: { m: 1 } }))
    undo.undo()
    log(map.has('k'))
    undo.redo()
    log(map.get('k')?.guid, map.get('k')?.meta, map.get('k')?.shouldLoad, guids(doc))
  })

  same('load, sync and their promises', (bench) => {
    const { log } = bench
    const doc = bench.doc(1)
    doc.on('load', () => log('load'))
    doc.on('sync', (synced: any) => log('sync', synced))
    log(doc.isLoaded, doc.isSynced, doc.whenLoaded instanceof Promise)
    doc.emit('sync', [true, doc])
    log(doc.isLoaded, doc.isSynced)
    const before = doc.whenSynced
    doc.emit('sync', [false, doc])
    log(doc.isSynced, doc.whenSynced === before)
    doc.load()
    log(doc.shouldLoad)
  })
})
