// Several documents over one connection.
import * as Y from 'ropewalk'
import { SharedConnection, WebsocketProvider } from 'ropewalk/provider'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { Peer, settle, sync, welcomeOf } from './fake-server.js'

beforeEach(() => {
  vi.useFakeTimers()
  Peer.all = []
})
afterEach(() => {
  vi.useRealTimers()
})

const share = () => new SharedConnection('ws://server/collab/', { getToken: () => 'secret', WebSocketPolyfill: Peer as any })
const open = (connection: SharedConnection, room: string, options = {}) =>
  new WebsocketProvider('ws://server/collab', room, new Y.Doc(), { connection, storage: null, disableBc: true, ...options })

const join = (room: string, number: number) => {
  const doc = new Y.Doc()
  Peer.last.inDocument(room, welcomeOf({ epoch: 1, role: 'editor' }))
  Peer.last.inDocument(room, sync(0, Y.encodeStateVector(doc)))
  Peer.last.inDocument(room, sync(1, Y.encodeStateAsUpdate(doc)))
  ack(room, number)
}
const ack = (room: string, number: number) => Peer.last.inDocument(room, new Uint8Array([123, number]))

test('one socket, one token; each document by its name', async () => {
  const connection = share()
  const [a, b] = [open(connection, 'a'), open(connection, 'b')]
  await settle()
  expect(Peer.all.length).toBe(1)
  expect(Peer.last.url).toBe('ws://server/collab/')
  Peer.last.open()
  expect(Peer.last.takeSaid()).toEqual([{ type: 120, v: 1, token: 'secret' }])
  Peer.last.say(welcomeOf({}))
  expect(Peer.last.takeSaid()).toEqual([{ type: 120, v: 1, document: 'a' }, { type: 120, v: 1, document: 'b' }])
  join('a', 1)
  join('b', 1)
  expect([a.state, b.state]).toEqual(['synced', 'synced'])
  Peer.last.takeSaid()
  a.doc.getText('t').insert(0, 'to a alone')
  expect(Peer.last.takeSaid()).toMatchObject([{ document: 'a', type: 0, step: 2, number: 2 }])
  expect([a.state, b.state]).toEqual(['syncing', 'synced'])
  ack('a', 2)
  expect(a.state).toBe('synced')
})

test('one more joins later; one that leaves does not take the others along', async () => {
  const connection = share()
  const a = open(connection, 'a')
  await settle()
  Peer.last.open().say(welcomeOf({}))
  join('a', 1)
  Peer.last.takeSaid()
  const b = open(connection, 'b')
  await settle()
  expect(Peer.last.takeSaid(120)).toEqual([{ type: 120, v: 1, document: 'b' }])
  join('b', 1)
  a.disconnect()
  expect([a.state, b.state]).toEqual(['offline', 'synced'])
  expect(Peer.last.readyState).toBe(1)
  b.destroy()
  expect(Peer.last.readyState).toBe(3)
  // Its place is free again.
  open(connection, 'b')
  expect(() => open(connection, 'b')).toThrow(/in this connection already/)
})

test('a cut connection is everybody’s, and everybody comes back', async () => {
  const connection = share()
  const both = [open(connection, 'a'), open(connection, 'b')]
  await settle()
  Peer.last.open().say(welcomeOf({}))
  join('a', 1)
  join('b', 1)
  both[0].doc.getText('t').insert(0, 'unsent')
  Peer.last.drop()
  expect(both.map(({ state }) => state)).toEqual(['offline', 'offline'])
  await vi.advanceTimersByTimeAsync(3_000)
  expect(Peer.all.length).toBe(2)
  Peer.last.open().say(welcomeOf({}))
  join('a', 1)
  join('b', 1)
  expect(both.map(({ state, unsent }) => [state, unsent])).toEqual([['synced', 0], ['synced', 0]])
})

test('a document that is refused stays out; the others stay in', async () => {
  const connection = share()
  const [a, b] = [open(connection, 'a'), open(connection, 'b')]
  await settle()
  Peer.last.open().say(welcomeOf({}))
  Peer.last.inDocument('a', new Uint8Array([2, 0, 2, 110, 111]))
  join('b', 1)
  await vi.advanceTimersByTimeAsync(10_000)
  expect([a.state, b.state]).toEqual(['offline', 'synced'])
  expect(a.lastError).toEqual({ code: 'denied', message: 'no' })
})
