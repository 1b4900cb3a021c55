// Histories and containers as bytes: compacted, renumbered, compressed. In Node and in Chromium.
import * as Y from 'ropewalk'
import { compact, EpochMap, open, renumber, writeContainer } from 'ropewalk/storage'
import { describe, expect, test } from 'vitest'

describe('without a file', () => {
  const doc = new Y.Doc()
  doc.getText('t').insert(0, 'It was a long text. ')
  doc.getText('t').delete(9, 5)
  const history = Y.encodeStateAsUpdate(doc)

  test('compact and containers', async () => {
    const small = compact(history)
    const again = new Y.Doc()
    Y.applyUpdate(again, small)
    expect(again.getText('t').toString()).toBe('It was a text. ')
    expect(() => compact(new Uint8Array([1, 2, 3]))).toThrow(expect.objectContaining({ code: 'unexpected_end' }))
    expect(await (await open(writeContainer(history))).text('t')).toBe('It was a text. ')
  })

  test('a new epoch, and what leads there', () => {
    const late = new Y.Doc()
    Y.applyUpdate(late, history)
    const { history: fresh, map } = renumber(history, { fromEpoch: 3, seed: new Uint8Array(8) })
    expect([map.fromEpoch, map.toEpoch, map.oldClients]).toEqual([3, 4, [doc.clientID]])
    late.getText('t').insert(9, 'short ')
    const kept = new EpochMap(map.bytes)
    const moved = new Y.Doc()
    Y.applyUpdate(moved, fresh)
    Y.applyUpdate(moved, kept.translateUpdate(Y.encodeStateAsUpdate(late, kept.oldStateVector)))
    expect(moved.getText('t').toString()).toBe('It was a short text. ')
    expect(moved.store.getStateVector().get(map.newClient)).toBe(15)

    const position = Y.createRelativePositionFromTypeIndex(late.getText('t'), 15)
    const there = Y.decodeRelativePosition(kept.translatePosition(Y.encodeRelativePosition(position)))
    expect(Y.createAbsolutePositionFromRelativePosition(there, moved)?.index).toBe(15)
    const json = JSON.parse(kept.translateJson(JSON.stringify({ cursor: position, name: 'Ann' })))
    expect(Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(json.cursor), moved)?.index).toBe(15)
    expect(() => new EpochMap(map.bytes.slice(1))).toThrow(Y.RopewalkError)
  })

  test('pages compressed by zstd are for who can unpack them', async () => {
    // Written by C++: 300 times "ropewalk ".
    const bytes = Uint8Array.from(atob(compressed), (letter) => letter.charCodeAt(0))
    const without = await open(bytes)
    await expect(without.text('t')).rejects.toThrow(/zstd/)
    await expect(without.text('t')).rejects.toMatchObject({ code: 'newer_format' })
    const wrong = await open(bytes, { zstd: (_, size) => new Uint8Array(size - 1) })
    await expect(wrong.text('t')).rejects.toMatchObject({ code: 'damaged' })
    const sizes: number[] = []
    const plain = new TextEncoder().encode('ropewalk '.repeat(300))
    const file = await open(bytes, {
      zstd: (page, size) => {
        sizes.push(page.length, size)
        return plain
      }
    })
    expect(await file.text('t')).toBe('ropewalk '.repeat(300))
    expect(sizes[1]).toBe(2700)
  })
})

const compressed =
  'iVJXQw0KGgo9AAAAeAAAAFDqKWW5yZVJNb9HZxuk2BCEpmZvcm1hdAGlZmxhZ3MBpXVuaXRzzQqMqHNlY3Rpb25zlpMBARmTAgEU' +
  'kwMBzQqMkwQBEJMFAQ+TBgECGQAAAK9f314532wdUU6L2+nBWCkUAAAAOTUSTXvhJGHBUQc6qB/iHxoAAACige17qy3mliH1kRC3' +
  'zn3wEAAAAOUYmpWZ4/hiBeoj7wbiiy0PAAAAuEjS482a51XBjT/o1GipXAIAAADWow1C7ibwAqzkA5Yz2ic4AQAAAAEAAAAAAAAA' +
  'AAAAAIwKAAABAAAAdAEAAAAAAAAAjAoAAAEAAAAAAAAAKLUv/WCMCYUAAEhyb3Bld2FsayABAICiX44AAAAAAAAAAAAAAAAAAAAA' +
  'AQIAAAABAwAEjBUBmCoAjBU='
