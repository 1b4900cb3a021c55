// Our presence and that of y-protocols: the same messages, the same views of who is there.
import * as Y from 'ropewalk'
import * as ours from 'ropewalk/provider'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import * as theirs from 'y-protocols/awareness'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

const kinds = { ours, theirs: theirs as unknown as typeof ours }

for (const [a, b] of [
  ['ours', 'ours'],
  ['ours', 'theirs'],
  ['theirs', 'ours']
] as const) {
  test(`${a} tells ${b}: added, updated, removed`, () => {
    const [from, to] = [kinds[a], kinds[b]]
    const [one, two] = [new from.Awareness(new Y.Doc() as any), new to.Awareness(new Y.Doc() as any)]
    const heard: number[][] = []
    two.on('change', ({ added, updated, removed }: ours.AwarenessChange) => heard.push([added.length, updated.length, removed.length]))
    const tell = () => to.applyAwarenessUpdate(two as any, from.encodeAwarenessUpdate(one as any, [one.clientID]), 'wire')
    one.setLocalState({ name: 'é😀', deep: { list: [1, null] } })
    tell()
    expect(two.getStates().get(one.clientID)).toEqual({ name: 'é😀', deep: { list: [1, null] } })
    one.setLocalStateField('name', 'b')
    tell()
    // The same again is a renewal, no change.
    one.setLocalState(one.getLocalState())
    tell()
    one.setLocalState(null)
    tell()
    expect(heard).toEqual([[1, 0, 0], [0, 1, 0], [0, 0, 1]])
  })
}

describe('ours', () => {
  const make = () => new ours.Awareness(new Y.Doc())

  test('renews itself before it is outdated, and forgets who does not', () => {
    const [one, two] = [make(), make()]
    ours.applyAwarenessUpdate(two, ours.encodeAwarenessUpdate(one, [one.clientID]), null)
    expect(two.getStates().size).toBe(2)
    const { clock } = two.meta.get(two.clientID)!
    vi.advanceTimersByTime(16_000)
    expect(two.meta.get(two.clientID)!.clock).toBeGreaterThan(clock)
    expect(two.getStates().size).toBe(2)
    vi.advanceTimersByTime(20_000)
    expect([...two.getStates().keys()]).toEqual([two.clientID])
  })

  test('nobody else takes our state away, or gives us another', () => {
    const [one, two] = [make(), make()]
    one.setLocalState({ name: 'Ann' })
    for (const state of [null, { name: 'not Ann' }]) {
      two.meta.set(one.clientID, { clock: 50, lastUpdated: 0 })
      const update = ours.encodeAwarenessUpdate(two, [one.clientID], state === null ? new Map() : new Map([[one.clientID, state]]))
      ours.applyAwarenessUpdate(one, update, null)
      expect(one.getLocalState()).toEqual({ name: 'Ann' })
    }
    // And the others learn so with the renewal that is due.
    vi.advanceTimersByTime(3_500)
    ours.applyAwarenessUpdate(two, ours.encodeAwarenessUpdate(one, [one.clientID]), null)
    expect(two.getStates().get(one.clientID)).toEqual({ name: 'Ann' })
  })

  test('states of people who were never there are not kept', () => {
    const [one, two] = [make(), make()]
    one.meta.set(7, { clock: 3, lastUpdated: 0 })
    ours.applyAwarenessUpdate(two, ours.encodeAwarenessUpdate(one, [7]), null)
    expect(two.meta.has(7)).toBe(false)
  })

  test('an update that is cut short changes nothing', () => {
    const [one, two] = [make(), make()]
    const update = ours.encodeAwarenessUpdate(one, [one.clientID])
    for (let end = 1; end < update.length; end++) {
      expect(() => ours.applyAwarenessUpdate(two, update.subarray(0, end), null)).toThrow()
    }
    expect(two.getStates().size).toBe(1)
  })

  test('modified, and gone with its document', () => {
    const doc = new Y.Doc()
    const one = new ours.Awareness(doc)
    one.setLocalState({ name: 'Ann' })
    const loud = ours.modifyAwarenessUpdate(ours.encodeAwarenessUpdate(one, [one.clientID]), ({ name }) => ({ name: name.toUpperCase() }))
    const two = make()
    ours.applyAwarenessUpdate(two, loud, null)
    expect(two.getStates().get(one.clientID)).toEqual({ name: 'ANN' })
    doc.destroy()
    expect(one.getLocalState()).toBe(null)
  })
})
