// Coming back or not: close codes, pauses, tokens, silence.
import * as Y from 'ropewalk'
import { Encoder } from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Peer, provide, settle } from './fake-server.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('close codes', () => {
  // What the table of docs/formats/sync-protocol.md says; codes of others as y-websocket treats them.
  const table: [number, 'comes back' | 'stops'][] = [
    [1000, 'comes back'], [1001, 'comes back'], [1006, 'comes back'], [1007, 'comes back'], [1011, 'comes back'],
    [1012, 'comes back'], [1013, 'comes back'], [4400, 'stops'], [4401, 'comes back'], [4403, 'stops'], [4404, 'stops'],
    [4408, 'comes back'], [4429, 'comes back'], [4450, 'stops'], [4500, 'comes back']
  ]
  for (const [code, what] of table) {
    test(`${code}: ${what}`, async () => {
      const { provider } = await provide({ getToken: () => 'token' })
      const closed: unknown[] = []
      provider.on('closed', (event) => closed.push(event))
      Peer.last.join()
      Peer.last.drop(code, 'because')
      await vi.advanceTimersByTimeAsync(20_000)
      expect(Peer.all.length > 1).toBe(what === 'comes back')
      expect(provider.shouldConnect).toBe(what === 'comes back')
      if (what === 'stops') {
        expect(closed).toEqual([{ code, reason: 'because' }])
        expect(provider.lastError).toEqual({ code, message: 'because' })
        provider.connect()
        await settle()
        expect(Peer.all.length).toBe(2)
      }
    })
  }

  test('4401 without a way to get another token stops', async () => {
    const { provider } = await provide()
    Peer.last.open().drop(4401)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Peer.all.length).toBe(1)
    expect(provider.lastError?.code).toBe(4401)
  })

  test('tokens that are all refused are not asked for without end', async () => {
    let asked = 0
    await provide({ getToken: () => `token ${++asked}` })
    for (let i = 0; i < 20; i++) {
      Peer.last.open().drop(4401)
      await vi.advanceTimersByTimeAsync(5_000)
    }
    expect(asked).toBeLessThanOrEqual(5)
  })

  test('shouldReconnect decides instead', async () => {
    const { provider } = await provide({ shouldReconnect: ({ code }: CloseEvent) => code === 4403 })
    Peer.last.open().drop(4403)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(Peer.all.length).toBe(2)
    Peer.last.open().drop(1006)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(Peer.all.length).toBe(2)
    expect(provider.shouldConnect).toBe(false)
  })
})

describe('behind what has neither binary messages nor close codes', () => {
  const closing = (code: number, message = 'because') =>
    new Encoder().uint(116).string(JSON.stringify({ code, message })).toBytes()

  test('1003: the next connection speaks text frames, at once and from then on', async () => {
    await provide()
    Peer.last.open()
    expect(Peer.last.frames[0]).toBeInstanceOf(Uint8Array)
    Peer.last.drop(1003)
    await vi.advanceTimersByTimeAsync(1)
    expect(Peer.all.length).toBe(2)
    Peer.last.open()
    expect(typeof Peer.last.frames[0]).toBe('string')
    Peer.last.drop(1006)
    await vi.advanceTimersByTimeAsync(5_000)
    expect(typeof Peer.last.open().frames[0]).toBe('string')
  })

  test('a code in a message means what it means in a close', async () => {
    const { provider } = await provide()
    Peer.last.join()
    Peer.last.say(closing(4403))
    expect(Peer.last.readyState).toBe(3)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Peer.all.length).toBe(1)
    expect(provider.lastError).toEqual({ code: 4403, message: 'because' })
  })

  test('1001 in a message: another connection takes over, and this one stays until then', async () => {
    const { provider } = await provide({ getToken: () => 'token' })
    const first = Peer.last.join()
    first.say(closing(1001))
    await settle()
    expect(Peer.all.length).toBe(2)
    expect(first.readyState).toBe(1)
    expect(provider.wsconnected).toBe(true)
    Peer.last.open()
    expect(first.readyState).toBe(3)
    expect(Peer.last.said[0]).toMatchObject({ type: 120, token: 'token' })
    Peer.last.join()
    expect(provider.state).toBe('synced')
    // The other one was only said to end.
    first.drop(1001)
    expect(provider.wsconnected).toBe(true)
    await vi.advanceTimersByTimeAsync(20_000)
    expect(Peer.all.length).toBe(2)
  })
})

describe('pauses', () => {
  test('grow to the bound, with jitter, and begin anew after a success', async () => {
    const waits: number[] = []
    await provide({ maxBackoffTime: 2_000 })
    for (let i = 0; i < 12; i++) {
      Peer.last.drop()
      const before = Date.now()
      const { length } = Peer.all
      while (Peer.all.length === length) await vi.advanceTimersByTimeAsync(5)
      waits.push(Date.now() - before)
    }
    expect(Math.max(...waits)).toBeLessThanOrEqual(2_005)
    expect(Math.max(...waits.slice(5))).toBeGreaterThan(400)
    expect(new Set(waits).size).toBeGreaterThan(6)
    Peer.last.join().drop()
    await vi.advanceTimersByTimeAsync(210)
    expect(Peer.all.length).toBe(14)
  })

  test('4429 waits longer than any other', async () => {
    await provide()
    Peer.last.join().drop(4429)
    await vi.advanceTimersByTimeAsync(1_990)
    expect(Peer.all.length).toBe(1)
    await vi.advanceTimersByTimeAsync(3_000)
    expect(Peer.all.length).toBe(2)
  })

  test('disconnect() while waiting, connecting or asking for a token: nothing opens later', async () => {
    const { provider } = await provide()
    Peer.last.drop()
    provider.disconnect()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(Peer.all.length).toBe(1)

    let give = (_: string) => {}
    const slow = await provide({ getToken: () => new Promise<string>((resolve) => (give = resolve)) })
    slow.provider.disconnect()
    give('late')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(Peer.all.length).toBe(0)
    slow.provider.connect()
    await settle()
    give('new')
    await settle()
    Peer.last.open()
    expect(Peer.last.said[0]).toMatchObject({ type: 120, token: 'new' })
  })
})

describe('tokens', () => {
  test('a new one goes out before the old one ends', async () => {
    let asked = 0
    const { provider } = await provide({ getToken: async () => `token ${++asked}` })
    const expires = () => Math.floor(Date.now() / 1000) + 600
    Peer.last.join(new Y.Doc(), { expires: expires() })
    await vi.advanceTimersByTimeAsync(530_000 - 5_000)
    // Renewals of presence are answered, or the line would be taken for dead.
    expect(provider.state === 'synced' || Peer.all.length > 1).toBe(true)
  })

  test('in band, while the connection stays', async () => {
    let asked = 0
    await provide({ getToken: async () => `token ${++asked}` })
    Peer.last.join(new Y.Doc(), { expires: Math.floor(Date.now() / 1000) + 20 })
    Peer.last.takeSaid()
    await vi.advanceTimersByTimeAsync(12_000)
    expect(Peer.last.takeSaid(127)).toEqual([{ type: 127, token: 'token 2' }])
    Peer.last.welcome({ expires: Math.floor(Date.now() / 1000) + 20 })
    await vi.advanceTimersByTimeAsync(12_000)
    expect(Peer.last.takeSaid(127)).toEqual([{ type: 127, token: 'token 3' }])
    expect(Peer.all.length).toBe(1)
  })

  test('one that cannot be had is told, and tried again', async () => {
    let works = false
    const { provider } = await provide({
      getToken: () => {
        if (!works) throw new Error('the issuer is away')
        return 'token'
      }
    })
    expect(provider.lastError).toMatchObject({ code: 'token', message: expect.stringContaining('the issuer is away') })
    expect(Peer.all.length).toBe(0)
    works = true
    await vi.advanceTimersByTimeAsync(5_000)
    Peer.last.join()
    expect(provider.lastError).toBe(null)
  })
})

describe('silence', () => {
  test('the server is asked for a sign of life; without one the connection is given up', async () => {
    const { provider } = await provide()
    Peer.last.join()
    Peer.last.takeSaid()
    await vi.advanceTimersByTimeAsync(18_500)
    expect(Peer.last.takeSaid(3).length).toBe(1)
    // It answers.
    Peer.last.say(new Uint8Array([1, 1, 0]))
    await vi.advanceTimersByTimeAsync(14_000)
    expect(Peer.all.length).toBe(1)
    // It does not.
    await vi.advanceTimersByTimeAsync(25_000)
    expect(Peer.all.length).toBe(2)
    expect(provider.lastError).toMatchObject({ code: 'timeout' })
    expect(provider.state).toBe('offline')
  })

  test('a socket that never opens is given up', async () => {
    await provide()
    await vi.advanceTimersByTimeAsync(13_000)
    expect(Peer.all.length).toBe(2)
    expect(Peer.all[0].readyState).toBe(3)
  })
})
