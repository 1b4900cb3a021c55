// Hocuspocus' own server with its SQLite extension: PORT FILE [durable].
// durable: each message is a row of SQLite (WAL, FULL), committed, with all that came in the same turn of
// the event loop, before the server sees it. As shipped
// the whole document is written some seconds after changes.
import { SQLite } from '@hocuspocus/extension-sqlite'
import { Server } from '@hocuspocus/server'
import Database from 'better-sqlite3'

const [port, file, mode] = process.argv.slice(2)
const options = {
  port: Number(port),
  address: '127.0.0.1',
  quiet: true,
  extensions: [new SQLite({ database: file })],
}
if (mode === 'durable') {
  const log = new Database(`${file}-log`)
  log.pragma('journal_mode = WAL')
  log.pragma('synchronous = FULL')
  log.exec('CREATE TABLE log (id INTEGER PRIMARY KEY, doc TEXT, message BLOB)')
  const insert = log.prepare('INSERT INTO log (doc, message) VALUES (?, ?)')
  const insertAll = log.transaction((rows) => rows.forEach((row) => insert.run(...row)))
  let waiting = []
  const commit = () => {
    const group = waiting
    waiting = []
    insertAll(group.map(({ row }) => row))
    group.forEach(({ done }) => done())
  }
  options.beforeHandleMessage = ({ documentName, update }) =>
    new Promise((done) => {
      if (waiting.length === 0) setImmediate(commit)
      waiting.push({ row: [documentName, Buffer.from(update)], done })
    })
}
await new Server(options).listen()
console.log('ready')
