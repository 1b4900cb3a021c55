// y-websocket's own server with its LevelDB persistence: PORT DIRECTORY [durable].
// durable: each message is in LevelDB, synced, before the server sees it. As shipped it is applied and
// sent on at once, and written without a sync.
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { WebSocketServer } from 'ws'

const [port, directory, mode] = process.argv.slice(2)
process.env.YPERSISTENCE = directory
const { setupWSConnection } = await import('@y/websocket-server/utils')

let commit
if (mode === 'durable') {
  const level = createRequire(import.meta.url)('level')
  const log = level(`${directory}-log`, { valueEncoding: 'binary' })
  let next = 0
  commit = (message) => log.put(String(next++).padStart(12, '0'), Buffer.from(message), { sync: true })
}

/** Hands messages on when they are committed, in their order. */
function committed(socket) {
  const on = socket.on.bind(socket)
  socket.on = (event, handler) => {
    if (event !== 'message') return on(event, handler)
    let last = Promise.resolve()
    return on(event, (message, ...rest) => {
      const done = commit(message)
      last = last.then(() => done).then(() => handler(message, ...rest))
    })
  }
  return socket
}

const http = createServer()
const sockets = new WebSocketServer({ server: http, perMessageDeflate: false })
sockets.on('connection', (socket, request) => {
  setupWSConnection(commit ? committed(socket) : socket, request)
})
http.listen(Number(port), '127.0.0.1', () => console.log('ready'))
