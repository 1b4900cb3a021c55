// Memory of the engine over the life of many documents: nothing is freed by hand and nothing is lost.
// DOCUMENTS says how many; the whole count is 100,000.
import { engineBytes } from '../support/watch-engine.mjs'
import * as Y from 'ropewalk'
import { describe, expect, test } from 'vitest'

declare const process: { env: Record<string, string | undefined> } | undefined
const documents = Number((typeof process === 'object' && process.env.DOCUMENTS) || 5_000)

// The collector has its own pace; where the test may ask it (--expose-gc), all that is dropped goes now.
const collect = (globalThis as { gc?: () => void }).gc
async function yielded(): Promise<void> {
  collect?.()
  await new Promise((done) => setTimeout(done, 0))
}
// Without, the memory of what waits for the collector comes on top of the mark.
const slack = collect ? 1 : 2

function used(): Y.Doc {
  const doc = new Y.Doc()
  doc.on('update', () => {})
  doc.getText('t').insert(0, 'a few words that are gone in a moment')
  doc.getMap('m').set('list', new Y.Array())
  doc.getArray('a').push([1, { two: 'three' }])
  return doc
}

describe('memory', () => {
  test('documents that are destroyed give theirs back at once', () => {
    for (let i = 0; i < 200; i++) used().destroy()
    const before = engineBytes()
    for (let i = 0; i < documents; i++) used().destroy()
    expect(engineBytes()).toBe(before)
  })

  test('documents that nobody holds go by themselves', async () => {
    const some = async (count: number) => {
      for (let i = 0; i < count; i++) {
        used()
        if (i % 500 === 0) await yielded()
      }
    }
    await some(1_000)
    const mark = engineBytes()
    await some(documents)
    expect(engineBytes()).toBeLessThanOrEqual(mark * slack)
  }, 600_000)

  test('so do types, items and managers of one document', async () => {
    const doc = new Y.Doc()
    const list = doc.getArray<Y.Map<number>>('list')
    const round = async () => {
      for (let i = 0; i < documents / 10; i++) {
        list.push([new Y.Map([['n', i]])])
        const map = list.get(0)
        map.observe(() => {})
        new Y.UndoManager(map).destroy()
        Y.createRelativePositionFromTypeIndex(list, 0)
        list.delete(0)
        if (i % 100 === 0) await yielded()
      }
    }
    await round()
    const mark = engineBytes()
    for (let i = 0; i < 4; i++) await round()
    // What was deleted leaves a few bytes each in the history.
    expect(engineBytes()).toBeLessThanOrEqual(mark * slack + documents * 100)
  })

  test('memory that grows inside a call changes nothing that was handed out', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const updates: Uint8Array[] = []
    doc.on('update', (update: Uint8Array) => updates.push(update))
    text.insert(0, 'first')
    const kept = updates[0]
    const copy = Uint8Array.from(kept)
    expect(kept.buffer.byteLength).toBeLessThan(1_000)

    const before = engineBytes()
    const others: Y.Doc[] = []
    // Grows while the document is in the middle of telling.
    text.observe((event: Y.YTextEvent) => {
      const other = new Y.Doc()
      other.getText('big').insert(0, 'ü'.repeat(1 << 20))
      others.push(other)
      expect(event.delta).toEqual([{ retain: text.length - 1 }, { insert: 'x' }])
    })
    for (let i = 0; i < 20; i++) text.insert(text.length, 'x')
    expect(engineBytes()).toBeGreaterThan(before)

    expect(text.toString()).toBe('first' + 'x'.repeat(20))
    expect(kept).toEqual(copy)
    for (const other of others) expect(other.getText('big').toString()).toBe('ü'.repeat(1 << 20))
    const replay = new Y.Doc()
    for (const update of updates) Y.applyUpdate(replay, update)
    expect(replay.getText('t').toString()).toBe(text.toString())
  })

  test('a big value in, and out again, across growth', () => {
    const doc = new Y.Doc()
    const bytes = new Uint8Array(40 << 20).fill(7)
    doc.getMap('m').set('bytes', bytes)
    const out = doc.getMap('m').get('bytes') as Uint8Array
    expect(out.length).toBe(bytes.length)
    expect(out.buffer.byteLength).toBeLessThan(engineBytes())
    expect(out[out.length - 1]).toBe(7)
    doc.destroy()
  })

  test('a document that was destroyed answers with errors', () => {
    const doc = used()
    const text = doc.getText('t')
    const map = doc.getMap('m')
    const list = map.get('list') as Y.Array<number>
    const undo = new Y.UndoManager(text)
    const other = used()
    doc.destroy()
    doc.destroy()
    for (const use of [
      () => text.insert(0, 'x'),
      () => text.delete(0, 1),
      () => map.set('k', 1),
      () => list.push([1]),
      () => doc.transact(() => text.insert(0, 'x')),
      () => Y.applyUpdate(doc, Y.encodeStateAsUpdate(other)),
      () => Y.encodeStateAsUpdate(doc),
    ]) {
      expect(use).toThrow(Error)
    }
    // Whether these answer or throw is theirs to say; they must not harm anything.
    for (const use of [
      () => text.toString(),
      () => map.toJSON(),
      () => list.length,
      () => undo.undo(),
      () => undo.destroy(),
      () => text.observe(() => {}),
      () => doc.getText('t'),
      () => doc.getText('new'),
      () => Y.snapshot(doc),
      () => Y.createRelativePositionFromTypeIndex(text, 0),
    ]) {
      try {
        use()
      } catch (error) {
        expect(error).toBeInstanceOf(Error)
        expect(error).not.toBeInstanceOf(WebAssembly.RuntimeError)
      }
    }
    expect(other.getText('t').toString()).toBe('a few words that are gone in a moment')
    other.getText('t').insert(0, 'still ')
    expect(other.getText('t').length).toBe(43)
  })
})
