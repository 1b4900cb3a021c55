// What is not acknowledged: over reloads, in several tabs, when the document is replaced.
import * as Y from 'ropewalk'
import { MemoryStorage, WebsocketProvider } from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Peer, equalDocs, laterOf, provide, settle } from './fake-server.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const document = 'ws://server/collab/room'
const stored = async (storage: MemoryStorage) => (await storage.load(document)).changes.length

/** What a server would have that has taken every message of this connection. */
function taken(peer: Peer, server = new Y.Doc()): Y.Doc {
  for (const { type, step, bytes } of peer.said) if (type === 0 && step > 0) Y.applyUpdate(server, bytes)
  return server
}

describe('what waits for changes of others', () => {
  test('is not offered before they are here, and then it is', async () => {
    const { provider, doc, text } = await provide()
    Peer.last.join()
    const earlier: Uint8Array[] = []
    Peer.last.update(laterOf('ab', earlier))
    expect(doc.store.pendingStructs).not.toBe(null)
    text.insert(0, 'mine')
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(60_000)
    Peer.last.open().welcome()
    Peer.last.ask()
    const first = taken(Peer.last)
    expect(first.getText('t').toString()).toBe('mine')
    expect(first.store.pendingStructs).toBe(null)
    Peer.last.answer()
    Peer.last.update(earlier[0])
    expect(text.toString().replace('mine', '')).toBe('ab')
    Y.applyUpdate(first, earlier[0])
    equalDocs(taken(Peer.last, first), doc)
    const number = Peer.last.said.filter(({ number }) => number !== undefined).at(-1)!.number
    Peer.last.ack(number)
    expect(provider.state).toBe('synced')
    const said = Peer.last.said.length
    Peer.last.update(laterOf('c'))
    expect(Peer.last.said.length).toBe(said)
  })
})

describe('reload', () => {
  test('changes made offline are there again, and go out with the next connection', async () => {
    const storage = new MemoryStorage()
    const first = await provide({ storage, connect: false })
    first.text.insert(0, 'kept')
    first.text.insert(4, ' too')
    await first.provider.whenStored()
    expect(await stored(storage)).toBe(2)
    first.provider.destroy()

    const second = await provide({ storage })
    await second.provider.whenLoaded
    expect(second.text.toString()).toBe('kept too')
    expect(second.provider.unsent).toBe(2)
    expect(second.provider.state).toBe('offline')
    Peer.last.open().welcome()
    Peer.last.ask()
    equalDocs(taken(Peer.last), second.doc)
    Peer.last.answer()
    Peer.last.ack(1)
    await second.provider.whenStored()
    expect(second.provider.state).toBe('synced')
    expect(await stored(storage)).toBe(0)
  })

  test('a change that builds on what only the server has waits for it, and is offered all the same', async () => {
    const storage = new MemoryStorage()
    const server = new Y.Doc()
    server.getText('t').insert(0, 'from the server')
    const first = await provide({ storage })
    Peer.last.join(server)
    first.text.insert(4, ' far')
    await first.provider.whenStored()
    first.provider.destroy()

    const second = await provide({ storage })
    expect(second.text.toString()).toBe('')
    Peer.last.open().welcome()
    Peer.last.ask(server)
    const after = taken(Peer.last, server)
    expect(after.getText('t').toString()).toBe('from far the server')
    Peer.last.answer(after)
    Peer.last.ack(1)
    equalDocs(after, second.doc)
    expect(second.provider.state).toBe('synced')
  })

  test('acknowledged before it was written: nothing is written', async () => {
    const storage = new MemoryStorage()
    const write = vi.spyOn(storage, 'write')
    const { text } = await provide({ storage })
    Peer.last.join()
    text.insert(0, 'x')
    Peer.last.ack(2)
    await settle()
    expect(write.mock.calls.every(([, added, removed]) => added.length + removed.length === 0)).toBe(true)
  })

  test('hundreds of changes made offline become few', async () => {
    const storage = new MemoryStorage()
    const { text, provider, doc } = await provide({ storage, connect: false })
    for (let i = 0; i < 1000; i++) text.insert(i, 'x')
    await provider.whenStored()
    expect(provider.unsent).toBeLessThan(200)
    const merged = new Y.Doc()
    for (const { update } of (await storage.load(document)).changes) Y.applyUpdate(merged, update)
    equalDocs(merged, doc)
  })

  test('a storage that fails is told; changes stay in memory, go out, and are written as soon as that works', async () => {
    const storage = new MemoryStorage()
    let isFull = true
    const write = storage.write.bind(storage)
    storage.write = async (...all) => {
      if (isFull) throw new Error('the disk is full')
      return write(...all)
    }
    const { text, provider } = await provide({ storage })
    const told: unknown[] = []
    provider.on('error', (error) => told.push(error))
    Peer.last.join()
    Peer.last.drop()
    text.insert(0, 'x')
    await settle()
    expect(told).toMatchObject([{ code: 'storage', message: expect.stringContaining('the disk is full') }])
    isFull = false
    text.insert(0, 'y')
    await provider.whenStored()
    expect(await stored(storage)).toBe(2)
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.join()
    expect(provider.state).toBe('synced')
    await provider.whenStored()
    expect(await stored(storage)).toBe(0)
  })
})

describe('several tabs', () => {
  test('what a closed one has left, another one delivers with its next connection', async () => {
    const storage = new MemoryStorage()
    const open = await provide({ storage })
    Peer.last.join()
    const [mine] = Peer.all
    const closed = new WebsocketProvider('ws://server/collab', 'room', new Y.Doc(), { WebSocketPolyfill: Peer as any, storage, disableBc: true, connect: false })
    closed.doc.getText('t').insert(0, 'left behind')
    await closed.whenStored()
    closed.destroy()
    mine.drop()
    await vi.advanceTimersByTimeAsync(3_000)
    expect(open.text.toString()).toBe('left behind')
    Peer.last.open().welcome()
    Peer.last.ask()
    equalDocs(taken(Peer.last), open.doc)
    Peer.last.ack(1)
    await open.provider.whenStored()
    expect(await stored(storage)).toBe(0)
  })

  test('tabs hear each other without a server, and only what is theirs to say goes out', async () => {
    vi.useRealTimers()
    const make = () => new WebsocketProvider('ws://nowhere', 'tabs', new Y.Doc(), { WebSocketPolyfill: Peer as any, storage: null })
    const [a, b] = [make(), make()]
    a.doc.getText('t').insert(0, 'between tabs')
    a.awareness.setLocalStateField('user', 'Ann')
    await vi.waitFor(() => {
      expect(b.doc.getText('t').toString()).toBe('between tabs')
      expect(b.awareness.getStates().get(a.awareness.clientID)).toEqual({ user: 'Ann' })
    })
    expect(a.unsent).toBe(1)
    expect(b.unsent).toBe(0)
    a.disconnect()
    await vi.waitFor(() => expect(b.awareness.getStates().size).toBe(1))
    b.destroy()
    a.destroy()
  })
})

describe('a document that was replaced', () => {
  const replaced = async (options = {}) => {
    const storage = new MemoryStorage()
    const setting = await provide({ storage, ...options })
    Peer.last.join()
    expect(setting.provider.epoch).toBe(1)
    setting.text.insert(0, 'not acknowledged')
    const events: any[] = []
    const toDoc: any[] = []
    setting.provider.on('epoch', (event) => events.push(event))
    setting.doc.on('epoch' as any, (event: any) => toDoc.push(event))
    Peer.last.epoch(2)
    await settle()
    return { ...setting, storage, events, toDoc }
  }

  test('nothing goes out any more; what was unsent is kept aside; document and application are told', async () => {
    const { provider, events, toDoc, storage, doc } = await replaced()
    expect(events).toMatchObject([{ epoch: 2, previous: 1 }])
    expect(toDoc).toEqual(events)
    expect(provider.state).toBe('offline')
    expect(provider.lastError?.code).toBe('epoch')
    const [aside] = await provider.keptAside()
    expect(aside.epoch).toBe(1)
    const copy = new Y.Doc()
    Y.applyUpdate(copy, aside.update)
    expect(copy.getText('t').toString()).toBe('not acknowledged')
    expect(await stored(storage)).toBe(0)
    const { length } = Peer.all
    provider.connect()
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Peer.all.length).toBe(length)
    doc.getText('t').insert(0, 'x')
    expect(Peer.last.said.filter(({ type }) => type === 0).length).toBeLessThan(4)
    await provider.forgetKeptAside()
    expect(await provider.keptAside()).toEqual([])
  })

  test('the application may go on with a new document', async () => {
    const { provider, storage } = await replaced()
    provider.destroy()
    const next = await provide({ storage })
    Peer.last.open()
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 2 }])
    expect(next.text.toString()).toBe('')
    expect(next.provider.unsent).toBe(0)
  })

  test('or merge this one into what is there now', async () => {
    const { provider, events, text } = await replaced()
    events[0].rejoin()
    await settle()
    Peer.last.open()
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 2 }])
    Peer.last.welcome({ epoch: 2 })
    Peer.last.ask()
    expect(taken(Peer.last).getText('t').toString()).toBe('not acknowledged')
    Peer.last.answer()
    Peer.last.ack(1)
    expect(provider.state).toBe('synced')
    expect(text.toString()).toBe('not acknowledged')
  })

  test('an empty copy joins the new one without asking anybody', async () => {
    const { provider } = await provide()
    Peer.last.join()
    Peer.last.takeSaid()
    Peer.last.epoch(5)
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, epoch: 5 }])
    Peer.last.join(new Y.Doc(), { epoch: 5 })
    expect(provider.state).toBe('synced')
    expect(provider.epoch).toBe(5)
  })

  test('4409 is the same, where no number was told', async () => {
    const { provider, text } = await provide({ storage: null })
    const events: any[] = []
    provider.on('epoch', (event) => events.push(event))
    text.insert(0, 'x')
    Peer.last.open().drop(4409)
    await vi.advanceTimersByTimeAsync(10_000)
    expect(events).toMatchObject([{ epoch: null }])
    expect(Peer.all.length).toBe(1)
  })
})

describe('limits', () => {
  test('what is too large goes in parts, and all of it is waited for', async () => {
    const { text, provider, doc } = await provide()
    Peer.last.join(new Y.Doc(), { limits: { message: 2_000 } })
    Peer.last.takeSaid()
    text.insert(0, 'long '.repeat(2_000))
    const said = Peer.last.said.filter(({ type }) => type === 0)
    expect(said.length).toBeGreaterThan(4)
    expect(Math.max(...Peer.last.frames.slice(-said.length).map(({ length }) => length))).toBeLessThanOrEqual(2_000)
    equalDocs(taken(Peer.last), doc)
    const last = said.at(-1)!.number
    Peer.last.ack(last - 1)
    expect(provider.state).toBe('syncing')
    Peer.last.ack(last)
    expect(provider.state).toBe('synced')
  })

  test('1009: smaller messages, until there is no smaller; never a loop', async () => {
    const { text, provider } = await provide()
    Peer.last.join()
    text.insert(0, 'x'.repeat(100_000))
    let sizes: number[] = []
    for (let i = 0; i < 30 && provider.shouldConnect; i++) {
      sizes.push(Math.max(...Peer.last.frames.map(({ length }) => length)))
      Peer.last.drop(1009, 'message_bytes')
      await vi.advanceTimersByTimeAsync(5_000)
      if (Peer.last.readyState === 0) Peer.last.open().welcome()
      Peer.last.ask()
    }
    expect(provider.shouldConnect).toBe(false)
    expect(provider.lastError).toEqual({ code: 1009, message: 'message_bytes' })
    expect(sizes.length).toBeLessThan(12)
    expect(sizes[1]).toBeLessThanOrEqual(sizes[0] / 2)
    expect(provider.unsent).toBe(1)
  })

  test('a part that cannot be cut is told, and is the only thing that waits', async () => {
    const { doc, text, provider } = await provide()
    Peer.last.join(new Y.Doc(), { limits: { message: 2_000 } })
    doc.getMap('m').set('picture', new Uint8Array(10_000))
    expect(provider.state).toBe('unsynced')
    expect(provider.lastError).toMatchObject({ code: 'too-large' })
    Peer.last.takeSaid()
    text.insert(0, 'x')
    expect(Peer.last.takeSaid(0).length).toBe(1)
  })

  test('a program that writes in a loop stays below what servers allow', async () => {
    const { text, provider, doc } = await provide()
    Peer.last.join()
    Peer.last.takeSaid()
    for (let i = 0; i < 3_000; i++) text.insert(i, 'x')
    expect(Peer.last.said.length).toBeLessThan(100)
    await vi.advanceTimersByTimeAsync(1_000)
    expect(Peer.last.said.length).toBeLessThan(120)
    equalDocs(taken(Peer.last), doc)
    Peer.last.ack(Peer.last.said.findLast(({ number }) => number !== undefined)!.number)
    expect(provider.unsent).toBe(0)
  })

  test('readers offer nothing, and are told if they write all the same', async () => {
    const server = new Y.Doc()
    const { provider, text } = await provide()
    Peer.last.join(server, { role: 'reader' })
    expect(Peer.last.said.some(({ number }) => number !== undefined)).toBe(false)
    expect(provider.state).toBe('synced')
    text.insert(0, 'x')
    Peer.last.refuse(1)
    expect(provider.state).toBe('unsynced')
    expect(provider.lastError).toEqual({ code: 'forbidden', message: 'you may only read' })
  })
})
