// What is there before the first connection: a snapshot by its address.
import * as Y from 'ropewalk'
import { MemoryStorage, snapshotFrom } from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Peer, equalDocs, provide, settle } from './fake-server.js'

beforeEach(() => void vi.useFakeTimers())
afterEach(() => void vi.useRealTimers())

const server = (): Y.Doc => {
  const doc = new Y.Doc()
  doc.getText('t').insert(0, 'all of it')
  return doc
}
const found = (doc: Y.Doc, epoch = 1) => ({ update: Y.encodeStateAsUpdate(doc), epoch })

describe('a provider with a snapshot', () => {
  test('has it before it connects, and asks for what came since', async () => {
    const base = server()
    const asked: string[] = []
    const { provider, doc, text, told } = await provide({
      snapshot: async (room: string) => (asked.push(room), found(base))
    })
    expect(asked).toEqual(['room'])
    expect(text.toString()).toBe('all of it')
    expect(provider.unsent).toBe(0)
    const before = Y.encodeStateVector(base)
    base.getText('t').insert(9, ', and more')
    Peer.last.open().welcome()
    Peer.last.ask(base)
    const [hello] = Peer.last.said.filter(({ type }) => type === 120)
    expect(hello.epoch).toBe(1)
    const step1 = Peer.last.said.find(({ type, step }) => type === 0 && step === 0)!
    expect(step1.bytes).toEqual(before)
    Peer.last.answer(base)
    equalDocs(doc, base)
    Peer.last.ack(1)
    expect(told.at(-1)).toBe('synced')
    // What is here is not fetched again.
    Peer.last.drop()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(asked.length).toBe(1)
  })

  test('connects all the same when there is none, or it cannot be had', async () => {
    const fails = async () => Promise.reject(new Error('no network'))
    for (const [snapshot, told] of [[async () => null, []], [fails, ['snapshot']]] as const) {
      const errors: string[] = []
      const { provider, doc } = await provide({ snapshot, connect: false })
      provider.on('error', ({ code }) => errors.push(String(code)))
      provider.connect()
      await settle()
      Peer.last.join(server())
      expect(doc.getText('t').toString()).toBe('all of it')
      expect(provider.state).toBe('synced')
      expect(errors).toEqual(told)
    }
  })

  test('of another epoch than what waits here leaves both alone', async () => {
    const storage = new MemoryStorage()
    const first = await provide({ storage })
    Peer.last.join(server())
    first.text.insert(0, 'mine: ')
    await first.provider.whenStored()
    first.provider.destroy()
    const second = await provide({ storage, snapshot: async () => found(server(), 2) })
    expect(second.text.toString()).not.toContain('all of it')
    expect(second.provider.epoch).toBe(1)
  })
})

describe('snapshotFrom', () => {
  const answers = (...given: [number, BodyInit | object | null][]) => {
    const asked: [string, string | undefined][] = []
    const fetch = async (url: string, { headers }: RequestInit) => {
      asked.push([url, (headers as Record<string, string>).authorization])
      const [status, body] = given.shift()!
      return new Response(body instanceof Uint8Array ? body : JSON.stringify(body), { status })
    }
    return { asked, fetch: fetch as typeof globalThis.fetch }
  }

  test('fetches the address that the API gives', async () => {
    const update = Y.encodeStateAsUpdate(server())
    const { asked, fetch } = answers([200, { url: 'https://files/1', epoch: 3 }], [200, update])
    const get = snapshotFrom('https://api/', { getToken: async () => 'me', fetch })
    expect(await get('a/b')).toEqual({ update, epoch: 3 })
    expect(asked).toEqual([
      ['https://api/documents/a%2Fb/snapshot', 'Bearer me'],
      ['https://files/1', undefined]
    ])
  })

  test('takes a short one as it comes', async () => {
    const update = Y.encodeStateAsUpdate(server())
    const { fetch } = answers([200, { update: btoa(String.fromCharCode(...update)), epoch: 0 }])
    expect(await snapshotFrom('https://api', { fetch })('letter')).toEqual({ update, epoch: 0 })
  })

  test('no document is null; all else is told', async () => {
    const { fetch } = answers([404, null], [200, { url: 'https://files/1', epoch: 0 }], [404, null], [503, null])
    const get = snapshotFrom('https://api', { fetch })
    expect(await get('letter')).toBe(null)
    expect(await get('letter')).toBe(null)
    await expect(get('letter')).rejects.toThrow('/documents/letter/snapshot: 503')
  })
})
