// Makes the files that test_importers.py reads, with the packages whose files they are:
//
//   npm install yjs y-leveldb @hocuspocus/extension-sqlite && node make.mjs
//
// Each document has a text "t" that says the name of the document, one deleted word, and a map "m".
import { rmSync } from 'node:fs'
import { SQLite } from '@hocuspocus/extension-sqlite'
import { LeveldbPersistence } from 'y-leveldb'
import * as Y from 'yjs'

const names = ['letter', 'a/path/ünd so 🧵', 'many updates']

function updatesOf (name) {
  const doc = new Y.Doc()
  doc.clientID = 1000 + names.indexOf(name)
  const updates = []
  doc.on('update', update => updates.push(update))
  const text = doc.getText('t')
  text.insert(0, 'gone ')
  for (const part of name.match(/.{1,2}/gsu)) text.insert(text.length, part)
  text.delete(0, 5)
  doc.getMap('m').set('name', name)
  return { state: Y.encodeStateAsUpdate(doc), updates }
}

rmSync('hocuspocus.sqlite', { force: true })
const sqlite = new SQLite({ database: 'hocuspocus.sqlite' })
await sqlite.onConfigure()
for (const name of names) {
  await sqlite.configuration.store({ documentName: name, state: Buffer.from(updatesOf(name).state) })
}
sqlite.db.close()

rmSync('y-leveldb', { recursive: true, force: true })
const level = new LeveldbPersistence('y-leveldb')
for (const name of names) {
  for (const update of updatesOf(name).updates) await level.storeUpdate(name, update)
}
await level.flushDocument('letter')
await level.setMeta('letter', 'owner', 'ann')
const gone = updatesOf('letter').updates[0]
await level.storeUpdate('cleared', gone)
await level.clearDocument('cleared')
await level.destroy()
for (const file of ['LOG', 'LOG.old', 'LOCK']) rmSync(`y-leveldb/${file}`, { force: true })
