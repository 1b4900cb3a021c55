// An engine that may not grow any further: what fails is an error, and the document lives on.
import '../support/small-engine.mjs'
import { engineBytes } from '../support/watch-engine.mjs'
import * as Y from 'ropewalk'
import { describe, expect, test } from 'vitest'

const MIB = 1 << 20

// Runs until it fails; answers the error, and how often it went well.
function untilFull(step: () => void): { error: any; times: number } {
  for (let times = 0; times < 100_000; times++) {
    try {
      step()
    } catch (error) {
      return { error, times }
    }
  }
  throw new Error('it never fails')
}

describe('with 16 MiB', () => {
  test('text', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const piece = 'abcdefgh'.repeat(32 << 10)
    const { error, times } = untilFull(() => text.insert(text.length, piece))
    expect(error).toBeInstanceOf(Error)
    expect(error.code).toBe('out_of_memory')
    expect(times).toBeGreaterThan(4)
    expect(engineBytes()).toBeLessThanOrEqual(16 * MIB)
    expect(text.length).toBe(times * piece.length)
    text.delete(0, text.length - 4)
    expect(text.toString()).toBe('efgh')
    text.insert(0, 'and on: ')
    expect(text.toString()).toBe('and on: efgh')
    doc.destroy()
  })

  test('maps and lists, keystroke by keystroke', () => {
    const doc = new Y.Doc()
    const list = doc.getArray<Y.Map<string>>('list')
    let entry = 0
    const { error, times } = untilFull(() => {
      list.push([new Y.Map([['name', `entry ${entry++} ${'x'.repeat(500)}`]])])
    })
    expect(error.code).toBe('out_of_memory')
    // The last map may be there, and what it was to hold may not have fitted.
    expect([times, times + 1]).toContain(list.length)
    const left = list.length - times + 1
    expect(list.get(times - 1).get('name')).toContain(`entry ${times - 1} `)
    list.delete(0, times - 1)
    expect(list.toJSON().length).toBe(left)
    doc.destroy()
  })

  test('updates from others: refused whole', () => {
    const source = new Y.Doc()
    const updates: Uint8Array[] = []
    source.on('update', (update: Uint8Array) => updates.push(update))
    source.getText('t').insert(0, 'ü'.repeat(MIB))
    const [big] = updates
    const docs: Y.Doc[] = []
    const { error } = untilFull(() => {
      const doc = new Y.Doc()
      docs.push(doc)
      doc.getMap('m').set('k', docs.length)
      Y.applyUpdate(doc, big)
    })
    expect(error.code).toBe('out_of_memory')
    const last = docs.pop()!
    // Its first entry may have been what did not fit.
    expect([undefined, docs.length + 1]).toContain(last.getMap('m').get('k'))
    expect(last.getText('t').toString()).toBe('')
    for (const doc of docs) doc.destroy()
    Y.applyUpdate(last, big)
    expect(last.getText('t').length).toBe(MIB)
    last.destroy()
  })

  test('other documents go on once there is room', () => {
    const doc = new Y.Doc()
    doc.getText('t').insert(0, 'here')
    expect(Y.encodeStateAsUpdate(doc).length).toBeGreaterThan(4)
  })
})
