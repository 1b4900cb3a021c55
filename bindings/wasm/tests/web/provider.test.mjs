// `ropewalk/provider` in Node, on the server of this tree: binary and text frames, several documents over
// one connection, roles, tokens that end, small limits, and a server that is killed.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { createRequire } from 'node:module'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { projectOf } from '../packages/install.mjs'
import { RopewalkServer } from '../support/server.mjs'

// Installed as an application has it, with `ws` for a Node without WebSockets.
const require = createRequire(path.join(projectOf('ropewalk'), 'index.mjs'))
const Y = require('yjs')
const { SharedConnection, WebsocketProvider } = require('yjs/provider')
const { WebSocket } = require('ws')

let server
let rooms = 0
const providers = []

beforeAll(async () => {
  server = await RopewalkServer.start('provider', 'dev', ['--limits-message-bytes', '60000'])
})
afterEach(() => {
  for (const provider of providers.splice(0)) provider.destroy()
})
afterAll(() => server?.stop())

async function token(body) {
  const answer = await fetch(`${server.url}api/dev/token`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: 'ann', ...body }),
  })
  return (await answer.json()).token
}

function open(room, options = {}, claims = {}) {
  const provider = new WebsocketProvider(`${server.socket}/collab`, room, new Y.Doc(), {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
    maxBackoffTime: 500,
    getToken: () => token(claims),
    ...options,
  })
  providers.push(provider)
  provider.text = provider.doc.getText('t')
  return provider
}

async function until(what, holds, patience = 15_000) {
  const end = Date.now() + patience
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}; ${providers.map(({ state, unsent, lastError, text }) => JSON.stringify([state, unsent, lastError, text.length]))}`)
    await new Promise((later) => setTimeout(later, 10))
  }
}
const synced = (...some) => until('all are synced', () => some.every(({ state }) => state === 'synced'))
const same = (...some) =>
  until('all have the same', () => some.every(({ state, text }) => state === 'synced' && text.toString() === some[0].text.toString()))

describe.each([
  ['binary messages', {}, 3],
  ['text frames', { textFrames: true }, 2],
])('%s', (name, options, kills) => {
  test('both write, one is away for a while, one comes late', async () => {
    const room = `node-${++rooms}`
    const [a, b] = [open(room, options), open(room)]
    await synced(a, b)
    equal(a.acknowledges, true)
    equal(a.welcome.role, 'owner')
    for (let i = 0; i < 50; i++) [a, b][i % 2].text.insert(i, String.fromCharCode(65 + (i % 26)))
    a.awareness.setLocalStateField('user', { name: 'Ann' })
    await same(a, b)
    await until('b sees a', () => b.awareness.getStates().get(a.doc.clientID)?.user?.name === 'Ann')
    b.disconnect()
    equal(b.state, 'offline')
    a.text.insert(0, 'online ')
    b.text.insert(3, 'offline ')
    equal(b.unsent, 1)
    b.connect()
    await same(a, b)
    const c = open(room, options)
    await same(a, b, c)
    ok(c.text.toString().includes('online') && c.text.toString().includes('offline'))
  })

  test('what is beyond the limit of a message arrives all the same', async () => {
    const room = `node-${++rooms}`
    const a = open(room, options)
    await synced(a)
    deepEqual(a.welcome.limits.message, 60_000)
    const refused = []
    a.on('error', (error) => refused.push(error))
    a.text.insert(0, '0123456789'.repeat(20_000))
    await same(a)
    a.disconnect()
    a.text.insert(7, 'abcdefghij'.repeat(20_000))
    a.connect()
    await same(a)
    const b = open(room, options)
    await same(a, b)
    equal(b.text.length, 400_000)
    deepEqual(refused, [])
  })

  test('the server is killed now and then: what was acknowledged is there, and so is the rest in the end', async () => {
    const room = `node-${++rooms}`
    const a = open(room, options)
    await synced(a)
    const timer = setInterval(() => a.text.insert(a.text.length, '.'), 3)
    let acknowledged = 0
    for (let round = 0; round < kills; round++) {
      await new Promise((later) => setTimeout(later, 60 + 70 * round))
      acknowledged = a.text.length - a.unsent
      await server.kill()
      equal(await offline(a), 'offline')
      await server.up()
      const reader = open(room)
      await synced(reader)
      ok(reader.text.length >= acknowledged, `${reader.text.length} of ${acknowledged} acknowledged ones`)
      reader.destroy()
      await until('it is back', () => a.wsconnected && a.synced)
    }
    clearInterval(timer)
    const b = open(room)
    await same(a, b)
    ok(/^\.+$/.test(b.text.toString()))
  })
})

const offline = async (provider) => {
  await until('it has noticed', () => !provider.wsconnected)
  return provider.state
}

test('several documents over one connection', async () => {
  const connection = new SharedConnection(`${server.socket}/collab/`, { WebSocketPolyfill: WebSocket, getToken: () => token(), maxBackoffTime: 500 })
  const names = [1, 2, 3].map((i) => `shared-${++rooms}-${i}`)
  const mine = names.map((name) => open(name, { connection, getToken: undefined }))
  const theirs = names.map((name) => open(name))
  await synced(...mine, ...theirs)
  equal(new Set(mine.map(({ ws }) => ws)).size, 1)
  mine.forEach(({ text }, i) => text.insert(0, `mine ${i} `))
  theirs.forEach(({ text }, i) => text.insert(0, `theirs ${i} `))
  for (const i of names.keys()) await same(mine[i], theirs[i])
  mine[0].disconnect()
  mine[1].text.insert(0, 'still ')
  await same(mine[1], theirs[1])
  await server.kill()
  await until('all are offline', () => mine.every(({ state }) => state === 'offline'))
  await server.up()
  mine[0].connect()
  for (const i of names.keys()) await same(mine[i], theirs[i])
  connection.destroy()
})

test('a reader reads, and is told when it writes', async () => {
  const room = `node-${++rooms}`
  const [owner, reader] = [open(room), open(room, {}, { user: 'ben', role: 'reader' })]
  await synced(owner, reader)
  equal(reader.welcome.role, 'reader')
  owner.text.insert(0, 'for reading')
  await until('it has it', () => reader.text.toString() === 'for reading')
  equal(reader.state, 'synced')
  reader.text.insert(0, 'not ')
  await until('it is told', () => reader.state === 'unsynced')
  equal(reader.lastError.code, 'forbidden')
  equal(owner.text.toString(), 'for reading')
})

test('a reader with nothing of its own is synced, whatever was deleted and whatever it knows', async () => {
  const room = `node-${++rooms}`
  const owner = open(room)
  owner.text.insert(0, 'what was deleted')
  owner.text.delete(4, 4)
  await synced(owner)
  const reader = open(room, {}, { user: 'ben', role: 'reader' })
  const other = open(room, { connect: false }, { user: 'cleo', role: 'reader' })
  Y.applyUpdate(other.doc, Y.encodeStateAsUpdate(owner.doc), other)
  other.connect()
  await same(owner, reader, other)
  equal(reader.text.toString(), 'what deleted')
  deepEqual([reader.lastError, other.lastError], [null, null])
})

test('without a right it stops, and says why', async () => {
  const stranger = open(`node-${++rooms}`, {}, { user: 'carl', role: 'none' })
  await until('it has stopped', () => !stranger.shouldConnect)
  equal(stranger.state, 'offline')
  equal(stranger.lastError.code, 4403)
})

test('a token that ends is renewed while the connection stays', async () => {
  let asked = 0
  const provider = open(`node-${++rooms}`, {
    getToken: () => {
      asked++
      return token({ seconds: 5 })
    },
  })
  await synced(provider)
  const { ws } = provider
  await until('three were needed', () => asked >= 3, 30_000)
  equal(provider.ws, ws)
  equal(provider.state, 'synced')
})
