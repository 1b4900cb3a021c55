// y-indexeddb as it is: what one engine has stored the other one opens.
import assert from 'node:assert/strict'
import { load } from '../support/engines.mjs'
import { finish, test, until } from '../support/test.mjs'

const engines = Object.fromEntries(
  await Promise.all(['yjs', 'ropewalk'].map(async engine => [engine, await load(engine, import.meta.url)('./engine.mjs')])),
)
await load('yjs', import.meta.url)('./indexeddb.mjs')
let names = 0

async function open({ Y, IndexeddbPersistence }, name) {
  const doc = new Y.Doc()
  const persistence = new IndexeddbPersistence(name, doc)
  await persistence.whenSynced
  return { doc, persistence }
}

for (const [writer, reader] of [['ropewalk', 'ropewalk'], ['ropewalk', 'yjs'], ['yjs', 'ropewalk'], ['yjs', 'yjs']]) {
  const [theirs, ours] = [engines[writer], engines[reader]]
  const who = `${writer} stores, ${reader} opens`

  await test(`${who}: a document`, async () => {
    const name = `document ${++names}`
    const first = await open(theirs, name)
    theirs.fill(first.doc, 'stored')
    first.doc.getText('text').delete(3, 2)
    const expected = theirs.show(first.doc)
    await first.persistence.set('version', 3)
    await first.persistence.destroy()
    first.doc.getText('text').insert(0, 'not stored')
    const second = await open(ours, name)
    assert.equal(ours.show(second.doc), expected)
    assert.equal(await second.persistence.get('version'), 3)
    await second.persistence.clearData()
    const third = await open(theirs, name)
    assert.equal(theirs.show(third.doc), theirs.show(new theirs.Y.Doc()))
    await third.persistence.destroy()
  })

  await test(`${who}: hundreds of updates, which it trims to one`, async () => {
    const name = `document ${++names}`
    const first = await open(theirs, name)
    for (let i = 0; i < 600; i++) first.doc.getText('text').insert(i, String(i % 10))
    await theirs.storeState(first.persistence)
    await until('few updates are left', () => first.persistence._dbsize <= 2, () => first.persistence._dbsize)
    first.doc.getText('text').insert(0, '>')
    const expected = theirs.show(first.doc)
    await first.persistence.destroy()
    const second = await open(ours, name)
    assert.equal(ours.show(second.doc), expected)
    await second.persistence.destroy()
  })

  await test(`${who}: what was there before it was opened stays`, async () => {
    const name = `document ${++names}`
    const first = await open(theirs, name)
    theirs.fill(first.doc, 'stored')
    await first.persistence.destroy()
    const doc = new ours.Y.Doc()
    ours.fill(doc, 'local')
    const persistence = new ours.IndexeddbPersistence(name, doc)
    const synced = []
    persistence.on('synced', () => synced.push(doc.getArray('list').length))
    await until('it is synced', () => synced.length > 0)
    assert.deepEqual(synced, [10])
    const { doc: copy, persistence: another } = await open(theirs, name)
    assert.equal(theirs.show(copy), ours.show(doc))
    doc.destroy()
    await another.destroy()
  })
}

finish()
