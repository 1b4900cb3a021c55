// Updates cut into smaller ones: together, in any order, they do what the whole does.
import * as Y from 'ropewalk'
import { MemoryStorage, WebsocketProvider } from 'ropewalk/provider'
import { expect, test, vi } from 'vitest'
import { Peer, provide } from './fake-server.js'

const filled = () => {
  const docs = [new Y.Doc(), new Y.Doc(), new Y.Doc()]
  docs.forEach((doc, i) => {
    const text = doc.getText('t')
    text.insert(0, '😀 and text '.repeat(200), { bold: true })
    text.insertEmbed(5, { image: 'a.png' })
    text.delete(100, 300)
    doc.getArray('a').push(Array.from({ length: 300 }, (_, n) => ({ n, i })))
    doc.getMap('m').set(`k${i}`, new Y.Map([['deep', new Y.Text('x'.repeat(500))]]))
    for (const other of docs) if (other !== doc) Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    for (let at = 0; at < 50; at++) text.delete(at * 7, 2)
  })
  for (const doc of docs) Y.applyUpdate(docs[0], Y.encodeStateAsUpdate(doc))
  return docs[0]
}

for (const limit of [400, 1_000, 5_000]) {
  test(`in parts of ${limit} bytes, first to last, last to first, and doubled`, async () => {
    const doc = filled()
    await provide({}, doc)
    Peer.last.open().welcome({ limits: { message: limit } })
    Peer.last.ask()
    const parts = Peer.last.said.filter(({ number }) => number !== undefined).map(({ bytes }) => bytes)
    expect(parts.length).toBeGreaterThan(4)
    expect(parts.every(({ length }) => length <= limit)).toBe(true)
    for (const order of [parts, [...parts].reverse(), [...parts, ...parts]]) {
      const copy = new Y.Doc()
      for (const part of order) Y.applyUpdate(copy, part)
      expect(copy.getText('t').toDelta()).toEqual(doc.getText('t').toDelta())
      expect(copy.getArray('a').toJSON()).toEqual(doc.getArray('a').toJSON())
      expect(copy.getMap('m').toJSON()).toEqual(doc.getMap('m').toJSON())
      expect(Y.encodeStateVector(copy)).toEqual(Y.encodeStateVector(doc))
    }
  })
}

test('where there is no WebSocket, one has to be passed', () => {
  const make = () => new WebsocketProvider('ws://x', 'r', new Y.Doc(), { connect: false, storage: new MemoryStorage() })
  vi.stubGlobal('WebSocket', undefined)
  try {
    expect(make).toThrow(/pass one as WebSocketPolyfill/)
  } finally {
    vi.unstubAllGlobals()
  }
})
