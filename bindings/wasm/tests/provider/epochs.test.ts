// A document that was renumbered while its copy was written to: what was written is brought, once, and
// the copy is given up.
import * as Y from 'ropewalk'
import { Decoder, MemoryStorage, WebsocketProvider } from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Peer, laterOf, provide, settle } from './fake-server.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

interface Brought {
  number: number
  epoch: number
  update: Uint8Array
}

/** What was brought over the last connection. */
const brought = (): Brought[] =>
  Peer.last.frames.flatMap((frame) => {
    const from = new Decoder(frame as Uint8Array)
    if (from.uint() !== 122) return []
    const number = from.uint()
    return from.uint() === 117 ? [{ number, epoch: from.uint(), update: from.sized() }] : []
  })

const textOf = (base: Y.Doc, ...updates: Uint8Array[]): string => {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(base))
  for (const update of updates) Y.applyUpdate(doc, update)
  return doc.getText('t').toString()
}

/** What the server had when the epoch ended. */
const server = (): Y.Doc => {
  const doc = new Y.Doc()
  doc.getText('t').insert(0, 'stored')
  return doc
}

const joined = async (options: object = {}, doc?: Y.Doc) => {
  const base = server()
  const setting = await provide(options, doc)
  Peer.last.join(base)
  return { ...setting, base, had: Y.encodeStateVector(base) }
}

describe('a copy of an epoch that is over', () => {
  test('brings what was not acknowledged and is given up when that is stored', async () => {
    const { provider, text, base, had } = await joined()
    const events: any[] = []
    provider.on('epoch', (event) => events.push(event))
    text.insert(6, ' offline')
    Peer.last.epoch(2, had)
    const [{ number, epoch, update }] = brought()
    expect(epoch).toBe(1)
    expect(textOf(base, update)).toBe('stored offline')
    expect(provider.state).toBe('syncing')
    expect(events).toEqual([])
    // What is written before the answer goes after it, with all that went before.
    text.insert(0, 'and more: ')
    Peer.last.ack(number)
    expect(brought().length).toBe(2)
    expect(textOf(base, brought()[1].update)).toBe('and more: stored offline')
    Peer.last.ack(brought()[1].number)
    await settle()
    expect(events).toMatchObject([{ epoch: 2, previous: 1, unsent: null, isMoved: true }])
    expect(await provider.keptAside()).toEqual([])
  })

  test('does not bring what waits for changes of others', async () => {
    const { doc, text, base, had } = await joined()
    Peer.last.update(laterOf('ab'))
    expect(doc.store.pendingStructs).not.toBe(null)
    text.insert(6, ' offline')
    Peer.last.epoch(2, had)
    const all = new Y.Doc()
    Y.applyUpdate(all, Y.encodeStateAsUpdate(base))
    Y.applyUpdate(all, brought()[0].update)
    expect(all.getText('t').toString()).toBe('stored offline')
    expect(all.store.pendingStructs).toBe(null)
  })

  test('a provider that may make a new document goes on with it', async () => {
    const made: Y.Doc[] = []
    const renewDocument = () => (made.push(new Y.Doc()), made.at(-1)!)
    const { provider, text, had, doc } = await joined({ renewDocument })
    const events: any[] = []
    provider.on('epoch', (event) => events.push(event))
    provider.on('document', (fresh, old) => events.push([fresh, old]))
    text.insert(0, 'x')
    Peer.last.epoch(2, had)
    Peer.last.takeSaid()
    Peer.last.ack(brought()[0].number)
    expect(events).toEqual([[made[0], doc]])
    expect(provider.doc).toBe(made[0])
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 2 }])
    const next = new Y.Doc()
    next.getText('t').insert(0, 'renumbered')
    Peer.last.join(next, { epoch: 2 })
    expect(provider.state).toBe('synced')
    expect(provider.doc.getText('t').toString()).toBe('renumbered')
    expect(text.toString()).toBe('xstored')
    text.insert(0, 'into the old one')
    provider.doc.getText('t').insert(0, 'new: ')
    expect(provider.unsent).toBe(1)
    expect(provider.epoch).toBe(2)
  })

  test('with nothing of its own it is given up at once', async () => {
    const renewDocument = () => new Y.Doc()
    const { provider, had } = await joined({ renewDocument })
    Peer.last.epoch(2, had)
    expect(brought()).toEqual([])
    expect(Peer.last.said.at(-1)).toEqual({ type: 120, v: 1, epoch: 2 })
    expect(provider.epoch).toBe(2)
  })

  test('what others had written and the server has lost is brought, too', async () => {
    const { base, had, doc } = await joined()
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(base))
    other.getText('t').insert(6, ' by another')
    Peer.last.update(Y.encodeStateAsUpdate(other, had))
    expect(doc.getText('t').toString()).toBe('stored by another')
    Peer.last.epoch(2, had)
    expect(textOf(base, brought()[0].update)).toBe('stored by another')
  })

  test('over a connection that is cut it is brought again by the next', async () => {
    const { text, base, had } = await joined()
    text.insert(0, 'x')
    Peer.last.epoch(2, had)
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.open()
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 1 }])
    Peer.last.epoch(3, had)
    expect(brought().map(({ number, epoch }) => [number, epoch])).toEqual([[1, 1]])
    expect(textOf(base, brought()[0].update)).toBe('xstored')
  })

  test('replaced once more, hello is said anew', async () => {
    const { text, had } = await joined()
    text.insert(0, 'x')
    Peer.last.epoch(2, had)
    Peer.last.takeSaid()
    Peer.last.refuse(brought()[0].number, 'epoch', 'the document was replaced')
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 1 }])
    Peer.last.epoch(3, had)
    expect(brought().length).toBe(2)
  })

  test.each(['untranslatable', 'forbidden'])('what is refused (%s) is kept aside, and told', async (code) => {
    const { provider, text, had, base } = await joined({ renewDocument: () => new Y.Doc() })
    const events: any[] = []
    provider.on('epoch', (event) => events.push(event))
    text.insert(0, 'x')
    Peer.last.epoch(2, had)
    Peer.last.refuse(brought()[0].number, code, 'no')
    await settle()
    expect(events).toMatchObject([{ epoch: 2, isMoved: false }])
    expect(textOf(base, events[0].unsent)).toBe('xstored')
    const [aside] = await provider.keptAside()
    expect([aside.epoch, textOf(base, aside.update)]).toEqual([1, 'xstored'])
  })

  test('what is longer than the server takes is kept aside, and told', async () => {
    const base = server()
    const { provider, text } = await provide()
    Peer.last.join(base, { limits: { message: 2_000 } })
    const errors: any[] = []
    provider.on('error', (error) => errors.push(error.code))
    Peer.last.drop()
    text.insert(0, 'long '.repeat(2_000))
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.open().epoch(2, Y.encodeStateVector(base))
    await settle()
    expect(brought()).toEqual([])
    expect(errors).toContain('too-large')
    expect((await provider.keptAside()).length).toBe(1)
  })

  test('a page that is loaded again brings what the page before it has left', async () => {
    const storage = new MemoryStorage()
    const before = await joined({ storage })
    Peer.last.drop()
    before.text.insert(6, ' offline')
    await before.provider.whenStored()
    before.provider.destroy()
    const { provider } = await provide({ storage, renewDocument: () => new Y.Doc() })
    Peer.last.open()
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 1 }])
    Peer.last.epoch(2, before.had)
    expect(textOf(before.base, brought()[0].update)).toBe('stored offline')
    Peer.last.ack(brought()[0].number)
    Peer.last.join(new Y.Doc(), { epoch: 2 })
    expect([provider.state, provider.unsent]).toEqual(['synced', 0])
  })
})

describe('tabs of different epochs', () => {
  const open = (storage: MemoryStorage) =>
    new WebsocketProvider('ws://server/collab', 'room', new Y.Doc(), { WebSocketPolyfill: Peer as any, storage, disableBc: true, connect: false })

  test('what one of an older epoch has left is brought by one of the newer', async () => {
    const storage = new MemoryStorage()
    const first = await joined({ storage })
    const left = open(storage)
    await left.whenLoaded
    Y.applyUpdate(left.doc, Y.encodeStateAsUpdate(first.base), left)
    left.doc.getText('t').insert(6, ' left')
    await left.whenStored()
    left.destroy()
    await storage.setEpoch('ws://server/collab/room', 2)
    for (const [answer, aside] of [[(n: number) => Peer.last.refuse(n, 'untranslatable'), 1], [(n: number) => Peer.last.ack(n), 0]] as const) {
      const copy = new MemoryStorage()
      copy.documents.set('ws://server/collab/room', structuredClone(storage.documents.get('ws://server/collab/room')!))
      const { provider, doc } = await provide({ storage: copy })
      Peer.last.open().welcome({ epoch: 2 })
      const [{ number, epoch, update }] = brought()
      expect(epoch).toBe(1)
      expect(textOf(first.base, update)).toBe('stored left')
      expect(doc.getText('t').toString()).toBe('')
      answer(number)
      await settle()
      expect((await provider.keptAside()).length).toBe(aside)
      expect((await copy.load('ws://server/collab/room')).changes).toEqual([])
      provider.destroy()
    }
  })

  test('do not hear each other', async () => {
    vi.useRealTimers()
    const make = (epoch: number) => {
      const storage = new MemoryStorage()
      storage.documents.set('ws://nowhere/tabs', { epoch, changes: new Map(), aside: [] })
      return new WebsocketProvider('ws://nowhere', 'tabs', new Y.Doc(), { WebSocketPolyfill: Peer as any, storage })
    }
    const [old, fresh, another] = [make(1), make(2), make(2)]
    old.doc.getText('t').insert(0, 'old')
    fresh.doc.getText('t').insert(0, 'new')
    await vi.waitFor(() => expect(another.doc.getText('t').toString()).toBe('new'))
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect([old, fresh, another].map(({ doc }) => doc.getText('t').toString())).toEqual(['old', 'new', 'new'])
    for (const provider of [old, fresh, another]) provider.destroy()
  })
})
