// What others see of what somebody does: the states by their times, sections that are held, how often it is told.
import * as Y from 'ropewalk'
import { Awareness, holdings, holdingTime, holdSection, presenceInterval, watchActivity } from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Peer, provide } from './fake-server.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** A page in a browser that somebody acts on. */
class Page extends EventTarget {
  visibilityState = 'visible'
  listeners = 0
  override addEventListener(...rest: Parameters<EventTarget['addEventListener']>): void {
    this.listeners++
    super.addEventListener(...rest)
  }
  override removeEventListener(...rest: Parameters<EventTarget['removeEventListener']>): void {
    this.listeners--
    super.removeEventListener(...rest)
  }
  sign(name: string): void {
    this.dispatchEvent(new Event(name))
  }
  show(isShown: boolean): void {
    this.visibilityState = isShown ? 'visible' : 'hidden'
    this.sign('visibilitychange')
  }
}

function watched() {
  const doc = new Y.Doc()
  const awareness = new Awareness(doc)
  awareness.setLocalState({ user: { name: 'Ann' } })
  const page = new Page()
  const stop = watchActivity(awareness, { doc, page })
  const status = () => awareness.getLocalState()!.status
  return { doc, awareness, page, stop, status, text: doc.getText('text') }
}

const seconds = (count: number) => vi.advanceTimersByTime(count * 1000)

describe('active, typing, idle, away', () => {
  test('typing for two seconds after the last change, active for a minute, idle for five, then away', () => {
    const { text, status } = watched()
    expect(status()).toBe('active')
    text.insert(0, 'a')
    expect(status()).toBe('typing')
    seconds(1.9)
    text.insert(1, 'b')
    seconds(1.9)
    expect(status()).toBe('typing')
    seconds(0.2)
    expect(status()).toBe('active')
    seconds(57.8)
    expect(status()).toBe('active')
    seconds(0.2)
    expect(status()).toBe('idle')
    seconds(239.8)
    expect(status()).toBe('idle')
    seconds(0.2)
    expect(status()).toBe('away')
    seconds(3600)
    expect(status()).toBe('away')
    text.insert(0, 'back')
    expect(status()).toBe('typing')
  })

  for (const sign of ['keydown', 'pointerdown', 'pointermove', 'wheel', 'touchstart']) {
    test(`${sign} is a sign of life, and no typing`, () => {
      const { page, status } = watched()
      for (const [wait, before] of [[61, 'idle'], [301, 'away']] as const) {
        seconds(wait)
        expect(status()).toBe(before)
        page.sign(sign)
        expect(status()).toBe('active')
      }
    })
  }

  test('away at once when the page is hidden, whatever happens there; active when it is shown', () => {
    const { page, text, status } = watched()
    page.show(false)
    expect(status()).toBe('away')
    text.insert(0, 'a program')
    page.sign('pointermove')
    expect(status()).toBe('away')
    seconds(400)
    page.show(true)
    expect(status()).toBe('active')
  })

  test('what others write, and what changes nothing, is not our typing', () => {
    const { doc, status } = watched()
    const other = new Y.Doc()
    other.getText('text').insert(0, 'theirs')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    doc.transact(() => {})
    expect(status()).toBe('active')
  })

  test('the other fields stay; the time of the last sign is told, at most every 15 seconds', () => {
    const { awareness, page } = watched()
    const first = awareness.getLocalState()!
    expect(first).toEqual({ user: { name: 'Ann' }, status: 'active', lastActivity: Date.now() })
    let told = 0
    awareness.on('change', () => told++)
    for (let i = 0; i < 600; i++) {
      seconds(0.1)
      page.sign('pointermove')
    }
    expect(told).toBeGreaterThanOrEqual(3)
    expect(told).toBeLessThanOrEqual(4)
    expect(Date.now() - awareness.getLocalState()!.lastActivity).toBeLessThanOrEqual(15_000)
    expect(awareness.getLocalState()!.user).toEqual({ name: 'Ann' })
  })

  test('whoever is not to be seen is not', () => {
    const { awareness, text } = watched()
    awareness.setLocalState(null)
    text.insert(0, 'a')
    seconds(400)
    expect(awareness.getLocalState()).toBe(null)
  })

  test('when it ends it leaves nothing behind', () => {
    const { awareness, page, text, stop, status } = watched()
    stop()
    expect(page.listeners).toBe(0)
    awareness.destroy()
    expect(vi.getTimerCount()).toBe(0)
    text.insert(0, 'a')
    expect(status).toThrow()
  })

  test('without a page there is typing alone', () => {
    const doc = new Y.Doc()
    const awareness = new Awareness(doc)
    const stop = watchActivity(awareness, { doc })
    doc.getText('text').insert(0, 'a')
    expect(awareness.getLocalState()!.status).toBe('typing')
    stop()
  })
})

describe('sections', () => {
  const holder = () => new Awareness(new Y.Doc())

  test('held for five minutes, seen by others, and nothing is locked', () => {
    const awareness = holder()
    holdSection(awareness, { section: 'Terms', at: 7 })
    const until = Date.now() + holdingTime
    expect(holdingTime).toBe(300_000)
    expect([...holdings(awareness)]).toEqual([[awareness.clientID, { section: 'Terms', at: 7, until }]])
    seconds(299)
    expect(holdings(awareness).size).toBe(1)
    seconds(2)
    expect(holdings(awareness).size).toBe(0)
    expect(awareness.getLocalState()!.holding).toBe(null)
  })

  test('let go early; another one takes its place and is not ended by the first', () => {
    const awareness = holder()
    const first = holdSection(awareness, { section: 'Terms' }, 1_000)
    holdSection(awareness, { section: 'Prices' }, 10_000)
    first()
    seconds(2)
    expect([...holdings(awareness).values()].map(({ section }) => section)).toEqual(['Prices'])
    holdSection(awareness, { section: 'Terms' })()
    expect(holdings(awareness).size).toBe(0)
  })

  test('what others say is none is none; a holder whose clock stands still holds nothing for ever', () => {
    const awareness = holder()
    for (const [client, holding] of [null, 'Terms', { section: 3, until: Infinity }, { section: 'x' }].entries()) {
      awareness.states.set(client + 1, { holding })
    }
    awareness.states.set(9, { holding: { section: 'y', until: Date.now() + 5_000 } })
    expect([...holdings(awareness).keys()]).toEqual([9])
    seconds(66)
    expect(holdings(awareness).size).toBe(0)
  })
})

describe('a caret that moves a thousand times in two seconds', () => {
  test('is told ten times a second, and where it stops', async () => {
    const { provider } = await provide()
    Peer.last.join()
    await vi.advanceTimersByTimeAsync(1_000)
    Peer.last.takeSaid()
    for (let i = 0; i < 1_000; i++) {
      provider.awareness.setLocalStateField('cursor', i)
      await vi.advanceTimersByTimeAsync(2)
    }
    await vi.advanceTimersByTimeAsync(presenceInterval)
    const told = Peer.last.takeSaid(1)
    expect(told.length).toBeGreaterThanOrEqual(19)
    expect(told.length).toBeLessThanOrEqual(22)
    expect(new TextDecoder().decode(told.at(-1)!.update)).toContain('{"cursor":999}')
    await vi.advanceTimersByTimeAsync(1_000)
    expect(Peer.last.takeSaid(1)).toEqual([])
  })

  test('the first move is told at once', async () => {
    const { provider } = await provide()
    Peer.last.join()
    await vi.advanceTimersByTimeAsync(1_000)
    Peer.last.takeSaid()
    provider.awareness.setLocalStateField('cursor', 1)
    expect(Peer.last.takeSaid(1).length).toBe(1)
  })
})
