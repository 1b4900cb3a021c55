// The states of a provider and every way from one to another, with a server played by the test.
import * as Y from 'ropewalk'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { equalDocs, Peer, provide, settle, sync } from './fake-server.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

type Setting = Awaited<ReturnType<typeof provide>>

// Where to start, what happens, and the state it leads to.
const begin = {
  connecting: async () => provide(),
  greeting: async () => {
    const setting = await provide()
    Peer.last.open()
    return setting
  },
  joined: async () => {
    const setting = await begin.greeting()
    Peer.last.welcome()
    return setting
  },
  synced: async () => {
    const setting = await provide()
    Peer.last.join()
    return setting
  },
  typed: async () => {
    const setting = await begin.synced()
    setting.text.insert(0, 'x')
    return setting
  },
  refused: async () => {
    const setting = await begin.typed()
    Peer.last.refuse(2)
    return setting
  },
  'store down': async () => {
    const setting = await begin.typed()
    Peer.last.store('unsynced', 'the disk is full')
    return setting
  },
  stock: async () => {
    const setting = await begin.greeting()
    Peer.last.ask()
    return setting
  },
  'stock synced': async () => {
    const setting = await begin.stock()
    Peer.last.answer()
    return setting
  },
  cut: async () => {
    const setting = await begin.synced()
    Peer.last.drop()
    return setting
  }
}

const table: [keyof typeof begin, string, (setting: Setting) => unknown, string][] = [
  ['connecting', 'nothing', () => {}, 'offline'],
  ['connecting', 'the socket opens', () => Peer.last.open(), 'offline'],
  ['connecting', 'the socket is refused', () => Peer.last.drop(1006), 'offline'],
  ['greeting', 'welcome', () => Peer.last.welcome(), 'syncing'],
  ['greeting', 'a stock server asks', () => Peer.last.ask(), 'syncing'],
  ['greeting', 'silence for 3 seconds', () => vi.advanceTimersByTimeAsync(3_000), 'syncing'],
  ['greeting', '4403', () => Peer.last.drop(4403), 'offline'],
  ['joined', 'the answer, before the question', () => Peer.last.answer(), 'synced'],
  ['joined', 'the question', () => Peer.last.ask(), 'syncing'],
  ['joined', 'question and answer, no ack', () => (Peer.last.ask(), Peer.last.answer()), 'syncing'],
  ['joined', 'question, answer and ack', () => (Peer.last.ask(), Peer.last.answer(), Peer.last.ack(1)), 'synced'],
  ['joined', 'a change before the question', ({ text }) => text.insert(0, 'x'), 'syncing'],
  ['synced', 'a change', ({ text }) => text.insert(0, 'x'), 'syncing'],
  ['synced', 'a change from elsewhere', () => Peer.last.say(sync(2, change())), 'synced'],
  ['synced', 'the connection is cut', () => Peer.last.drop(), 'offline'],
  ['synced', 'disconnect()', ({ provider }) => provider.disconnect(), 'offline'],
  ['synced', 'destroy()', ({ provider }) => provider.destroy(), 'offline'],
  ['synced', 'the store stops', () => Peer.last.store('unsynced'), 'unsynced'],
  ['synced', 'the epoch changes, with content here', async ({ text }) => {
    text.insert(0, 'x')
    Peer.last.ack(2)
    Peer.last.epoch(2)
    await settle()
  }, 'offline'],
  ['synced', 'the epoch changes, with nothing here', () => Peer.last.epoch(2), 'offline'],
  ['synced', 'a change that is cut short', () => Peer.last.say(new Uint8Array([0, 2, 5])), 'offline'],
  ['synced', 'a presence that is cut short', () => Peer.last.say(new Uint8Array([1, 5, 1])), 'synced'],
  ['synced', 'a message of an unknown type', () => Peer.last.say(new Uint8Array([99, 1])), 'synced'],
  ['synced', 'renewed', () => Peer.last.welcome(), 'synced'],
  ['typed', 'its ack', () => Peer.last.ack(2), 'synced'],
  ['typed', 'the ack of the one before', () => Peer.last.ack(1), 'syncing'],
  ['typed', 'an ack of what was never sent', () => Peer.last.ack(9), 'offline'],
  ['typed', 'refused', () => Peer.last.refuse(2), 'unsynced'],
  ['typed', 'the store stops', () => Peer.last.store('unsynced'), 'unsynced'],
  ['typed', 'the connection is cut', () => Peer.last.drop(), 'offline'],
  ['refused', 'a later change is acknowledged', ({ text }) => (text.insert(0, 'y'), Peer.last.ack(3)), 'unsynced'],
  ['refused', 'taken after coming back', async () => {
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(5_000)
    Peer.last.join()
  }, 'synced'],
  ['store down', 'it works again', () => Peer.last.store('syncing'), 'syncing'],
  ['store down', 'it works again, and acks', () => (Peer.last.store('syncing'), Peer.last.ack(2)), 'synced'],
  ['stock', 'the answer', () => Peer.last.answer(), 'synced'],
  ['stock', 'welcome after all', () => Peer.last.welcome(), 'syncing'],
  ['stock synced', 'a change', ({ text }) => text.insert(0, 'x'), 'synced'],
  ['stock synced', 'the connection is cut', () => Peer.last.drop(), 'offline'],
  ['cut', 'a change', ({ text }) => text.insert(0, 'x'), 'offline'],
  ['cut', 'back', async () => {
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.join()
  }, 'synced']
]

const change = () => {
  const other = new Y.Doc()
  other.getText('t').insert(0, 'elsewhere')
  return Y.encodeStateAsUpdate(other)
}

describe('states', () => {
  for (const [from, what, happens, to] of table) {
    test(`${from}: ${what} -> ${to}`, async () => {
      const setting = await begin[from]()
      const { told, provider } = setting
      const before = provider.state
      await happens(setting)
      expect(provider.state).toBe(to)
      // Whoever listens hears it, unless nobody is told any more.
      if (before !== to && what !== 'destroy()') expect(told.at(-1)).toBe(to)
    })
  }

  test('every state is reached from every other that can lead there', () => {
    const reached = new Set(table.map(([from, , , to]) => `${from} ${to}`))
    expect(new Set(table.map(([, , , to]) => to))).toEqual(new Set(['offline', 'syncing', 'synced', 'unsynced']))
    expect(reached.size).toBeGreaterThan(18)
  })
})

describe('what goes over the socket', () => {
  test('hello first, then nothing until the welcome', async () => {
    const { provider, text } = await provide({ getToken: async () => 'secret' })
    text.insert(0, 'early')
    Peer.last.open()
    expect(Peer.last.said).toEqual([{ type: 120, v: 1, token: 'secret' }])
    expect(Peer.last.url).toBe('ws://server/collab/room')
    provider.destroy()
  })

  test('a change waits for the question and goes with the answer, once', async () => {
    const { text, doc } = await provide()
    Peer.last.open().welcome()
    text.insert(0, 'early')
    Peer.last.takeSaid()
    Peer.last.ask()
    const [answer, ...more] = Peer.last.takeSaid()
    expect(more).toEqual([])
    expect(answer).toMatchObject({ type: 0, step: 1, number: 1 })
    const server = new Y.Doc()
    Y.applyUpdate(server, answer.bytes)
    equalDocs(server, doc)
    text.insert(0, 'later ')
    expect(Peer.last.takeSaid()).toMatchObject([{ type: 0, step: 2, number: 2 }])
  })

  test('what was not acknowledged is offered again, beyond the durable state vector', async () => {
    const { text, provider, doc } = await provide()
    const server = new Y.Doc()
    Peer.last.join(server)
    for (const letter of 'abc') text.insert(text.length, letter)
    Peer.last.ack(3)
    expect(provider.unsent).toBe(1)
    // The server has seen two of them, and says so.
    Peer.last.said.slice(0, -1).forEach(({ step, bytes }) => step === 2 && Y.applyUpdate(server, bytes))
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.open().welcome()
    Peer.last.ask(server)
    const offer = Peer.last.takeSaid(0).at(-1)!
    expect(offer).toMatchObject({ step: 1, number: 1 })
    Y.applyUpdate(server, offer.bytes)
    equalDocs(server, doc)
    expect(provider.unsent).toBe(1)
    Peer.last.answer(server)
    Peer.last.ack(1)
    expect(provider.unsent).toBe(0)
    expect(provider.state).toBe('synced')
  })

  test('a stock server gets plain messages, and nothing waits', async () => {
    const { text, provider } = await provide()
    Peer.last.open().ask()
    text.insert(0, 'x')
    expect(Peer.last.said.some(({ number }) => number !== undefined)).toBe(false)
    expect(Peer.last.takeSaid(0).map(({ step }) => step)).toEqual([0, 1, 2])
    expect(provider.unsent).toBe(0)
    expect(provider.acknowledges).toBe(false)
  })

  test('`protocol: y-websocket` says no hello at all', async () => {
    await provide({ protocol: 'y-websocket' })
    Peer.last.open()
    expect(Peer.last.said.map(({ type }) => type)).toEqual([0, 1])
  })

  test('presence is renewed with every connection and ends with it', async () => {
    const { provider } = await provide()
    Peer.last.join()
    const clock = () => provider.awareness.meta.get(provider.awareness.clientID)!.clock
    const before = clock()
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(3_000)
    Peer.last.join()
    expect(clock()).toBeGreaterThan(before)
    Peer.last.takeSaid()
    provider.disconnect()
    expect(Peer.all.at(-1)!.said.map(({ type }) => type)).toEqual([1])
  })

  test('events of the application arrive', async () => {
    const { provider } = await provide()
    const heard: unknown[] = []
    provider.on('event', (event) => heard.push(event))
    Peer.last.join()
    Peer.last.event({ type: 'comment', id: 7 })
    expect(heard).toEqual([{ type: 'comment', id: 7 }])
  })

  test('handlers of the application, as y-websocket has them', async () => {
    const { provider } = await provide()
    Peer.last.join()
    provider.messageHandlers[77] = (encoder, decoder) => {
      encoder.uint(78).string(decoder.string().toUpperCase())
    }
    Peer.last.takeSaid()
    Peer.last.say(new Uint8Array([77, 2, 104, 105]))
    expect(Peer.last.frames.at(-1)).toEqual(new Uint8Array([78, 2, 72, 73]))
  })
})
