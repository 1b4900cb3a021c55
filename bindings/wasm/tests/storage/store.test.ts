// Stored documents, wherever the bytes are: opened, edited, compacted, damaged. In Node and in Chromium.
import * as Y from 'ropewalk'
import { type ByteStore, inspect, MemoryStore, open, verify, writeContainer } from 'ropewalk/storage'
import { describe, expect, test } from 'vitest'

/** A store that has several updates behind a snapshot, and the texts after each of them. */
async function written(words: string[], compacted = 0): Promise<{ store: MemoryStore; texts: string[] }> {
  const store = new MemoryStore()
  const file = await open(store)
  const doc = await file.load()
  const text = doc.getText('t')
  const texts = [text.toString()]
  for (const [i, word] of words.entries()) {
    text.insert(text.length, word)
    await file.saved()
    if (i + 1 === compacted) await file.compact()
    texts.push(text.toString())
  }
  await file.close()
  return { store, texts }
}

async function failing(call: () => Promise<unknown>): Promise<Y.RopewalkError> {
  try {
    await call()
  } catch (error) {
    expect(error).toBeInstanceOf(Y.RopewalkError)
    return error as Y.RopewalkError
  }
  throw new Error('it did not fail')
}

/** Numbers from 0 to below `n`, the same ones of the same seed. */
function random(seed: number): (n: number) => number {
  let state = seed * 2654435761 + 1
  return (n) => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9) | 0
    return ((state ^ (state >>> 13)) >>> 0) % n
  }
}

describe('open', () => {
  test('what was saved is there, in a document of the classes of the default entry', async () => {
    const store = new MemoryStore()
    const file = await open(store)
    expect(file.report.created).toBe(true)
    const doc = await file.load()
    expect(doc).toBeInstanceOf(Y.Doc)
    expect(await file.load()).toBe(doc)
    doc.getText('t').insert(0, 'kept')
    doc.getMap('m').set('__proto__', [1, null])
    await file.close()
    expect(doc.getText('t').toString()).toBe('kept')
    const again = await (await open(store.bytes)).load()
    expect(again.getText('t').toString()).toBe('kept')
    expect(again.getMap('m').get('__proto__')).toEqual([1, null])
  })

  test('edits of one moment are one record', async () => {
    const store = new MemoryStore()
    const file = await open(store)
    const doc = await file.load()
    for (let i = 0; i < 50; i++) doc.getText('t').insert(i, 'x')
    await file.saved()
    expect(file.sizes.updates).toBe(1)
    doc.getText('t').insert(0, 'y')
    await file.saved()
    expect(file.sizes.updates).toBe(2)
    await file.close()
    expect(await (await open(store.bytes)).text('t')).toBe('y' + 'x'.repeat(50))
  })

  test('what a document has already goes into the store', async () => {
    const { store } = await written(['old '])
    const doc = new Y.Doc()
    doc.getText('mine').insert(0, 'new')
    const file = await open(store)
    await file.loadInto(doc)
    await file.close()
    const again = await open(store.bytes)
    expect([await again.text('t'), await again.text('mine')]).toEqual(['old ', 'new'])
  })

  test('a part of a text is the same with updates behind the snapshot, and while it is compacted', async () => {
    const { store } = await written(['Grüße ', 'aus Köln ☂'], 1)
    const [loaded, packed] = [await open(store), await open(writeContainer(await (await open(store.bytes)).diff()))]
    expect(loaded.sizes.updates).toBe(1)
    for (let from = 0; from < 12; from++) {
      for (const to of [from, from + 1, from + 5, 40]) {
        expect(await loaded.text('t', { from, to }), `${from} to ${to}`).toBe(await packed.text('t', { from, to }))
      }
    }
    expect(loaded.doc).toBe(null)
    expect(await loaded.textSize('t')).toBe(await packed.textSize('t'))
    expect(await loaded.stateVector()).toEqual(await packed.stateVector())
    const parts = await Promise.all([loaded.text('t'), loaded.compact(), loaded.text('t', { to: 3 }), loaded.load(), loaded.textSize('t')])
    expect([parts[0], parts[2], parts[4]]).toEqual(['Grüße aus Köln ☂', 'Gr', 21])
    await loaded.close()
  })

  test('whoever only reads changes nothing, and edits stay in memory', async () => {
    const { store, texts } = await written(['a', 'b'])
    const before = store.bytes
    const file = await open(store, { readOnly: true })
    const doc = await file.load()
    doc.getText('t').insert(0, 'unsaved')
    expect((await failing(() => file.compact())).code).toBe('read_only')
    await file.close()
    expect(store.bytes).toEqual(before)
    expect(await (await open(before)).text('t')).toBe(texts[2])
  })

  test('errors have a code and say where', async () => {
    expect(await failing(() => open(new Uint8Array(0)))).toMatchObject({ code: 'not_found' })
    expect(await failing(() => open(new Uint8Array(5000)))).toMatchObject({ code: 'not_ours' })
    const { store } = await written(['a'], 1)
    const newer = store.bytes
    newer[4096 + 40] ^= 1 // in the header of the container
    const file = await open(newer)
    expect(await failing(() => file.text('t'))).toMatchObject({ code: 'damaged', offset: 4096 + 16 })
    const closed = await open(store)
    await closed.close()
    expect((await failing(() => closed.text('t'))).code).toBe('invalid_argument')
  })
})

describe('packed', () => {
  test('texts, state vectors and diffs are told without the history; the first edit unpacks it', async () => {
    const { store, texts } = await written(['Hello ', 'wörld'], 2)
    const file = await open(store)
    const doc = await file.load()
    expect(await file.text('t')).toBe(texts[2])
    expect(await file.text('t', { from: 0, to: 7 })).toBe('Hello w')
    expect(await file.text('t', { from: 0, to: 8 })).toBe('Hello w')
    expect(await file.text('t', { from: 8 })).toBe('rld')
    expect(await file.textSize('t')).toBe(12)
    expect(await file.text('none')).toBe('')
    const copy = new Y.Doc()
    Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
    expect(copy.getText('t').toString()).toBe(texts[2])
    expect(Y.encodeStateVector(doc)).toEqual(Y.encodeStateVector(copy))
    expect(Y.encodeStateAsUpdate(doc, Y.encodeStateVector(copy))).toEqual(new Uint8Array(2))
    expect(await file.stateVector()).toEqual(Y.encodeStateVector(copy))
    expect(doc.getText('t').toString()).toBe(texts[2])
    expect(doc._packed).not.toBe(null)

    const told: unknown[] = []
    doc.getText('t').observe((event) => told.push(event.delta))
    doc.on('update', () => told.push('update'))
    doc.getText('t').insert(5, ',')
    expect(doc._packed).toBe(null)
    expect(told).toEqual([[{ retain: 5 }, { insert: ',' }], 'update'])
    expect(doc.getText('t').toString()).toBe('Hello, wörld')
    await file.close()
    expect(await (await open(store.bytes)).text('t')).toBe('Hello, wörld')
  })

  // Whatever is done first with a document must find all of it.
  const first: Record<string, (doc: Y.Doc) => unknown> = {
    length: (doc) => doc.getText('t').length,
    toDelta: (doc) => doc.getText('t').toDelta(),
    toJSON: (doc) => doc.toJSON(),
    share: (doc) => [...doc.share.keys()].sort(),
    map: (doc) => doc.getMap('m').get('k'),
    entries: (doc) => [...doc.getMap('m').entries()],
    array: (doc) => doc.getArray('a').toArray(),
    xml: (doc) => doc.getXmlFragment('x').toString(),
    start: (doc) => doc.getText('t')._start?.content.getContent().length,
    clients: (doc) => doc.store.getStateVector(),
    delete: (doc) => doc.getText('t').delete(0, 1),
    format: (doc) => doc.getText('t').format(0, 2, { bold: true }),
    set: (doc) => doc.getMap('m').set('other', 1),
    push: (doc) => doc.getArray('a').push([4]),
    removed: (doc) => doc.getMap('m').delete('k'),
    transact: (doc) => doc.transact(() => doc.getText('t').insert(3, 'in')),
    position: (doc) => Y.createAbsolutePositionFromRelativePosition(Y.createRelativePositionFromJSON(JSON.parse(place)), doc)?.index,
    undo: (doc) => {
      const undo = new Y.UndoManager(doc.getText('t'))
      doc.getText('t').insert(0, 'gone')
      undo.undo()
    },
    update: (doc) => Y.applyUpdate(doc, other),
    v2: (doc) => Y.encodeStateAsUpdateV2(doc).length,
    snapshot: (doc) => Y.encodeSnapshot(Y.snapshot(doc)).length,
    gc: (doc) => (doc.gc = false)
  }
  const base = new Y.Doc({ guid: 'one' })
  base.clientID = 7
  base.getText('t').insert(0, 'Some text of it')
  base.getText('t').format(5, 4, { bold: true })
  base.getMap('m').set('k', { deep: true })
  base.getArray('a').push([1, 'two', null])
  base.getXmlFragment('x').insert(0, [new Y.XmlElement('p')])
  const place = JSON.stringify(Y.createRelativePositionFromTypeIndex(base.getText('t'), 6))
  const history = Y.encodeStateAsUpdate(base)
  const ahead = new Y.Doc()
  ahead.clientID = 9
  Y.applyUpdate(ahead, history)
  ahead.getText('t').insert(2, 'more')
  const other = Y.encodeStateAsUpdate(ahead, Y.encodeStateVector(base))
  const stored = writeContainer(history)

  for (const [name, act] of Object.entries(first)) {
    test(`${name} comes first`, async () => {
      const twin = new Y.Doc()
      Y.applyUpdate(twin, history)
      twin.clientID = 8
      const doc = await (await open(stored)).load()
      doc.clientID = 8
      expect(doc._packed).not.toBe(null)
      const [ours, theirs] = [act(doc), act(twin)]
      if (name !== 'set' && name !== 'gc') expect(ours).toEqual(theirs)
      expect(doc.toJSON()).toEqual(twin.toJSON())
      expect(Y.encodeStateAsUpdate(doc)).toEqual(Y.encodeStateAsUpdate(twin))
    })
  }

  test('text that was not well-formed is what an update makes of it', async () => {
    const lone = new Y.Doc()
    lone.getText('t').insert(0, 'a\ud800b')
    const update = Y.encodeStateAsUpdateV2(lone)
    const twin = new Y.Doc()
    Y.applyUpdateV2(twin, update)
    const doc = await (await open(writeContainer(update, { v2: true }))).load()
    expect(doc.getText('t').toString()).toBe(twin.getText('t').toString())
    expect(Y.encodeStateAsUpdateV2(doc)).toEqual(Y.encodeStateAsUpdateV2(twin))
  })

  test('a document that is not unpacked outlives its file, and a compaction of it', async () => {
    const { store } = await written(['text'], 1)
    const file = await open(store)
    const doc = await file.load()
    await file.compact()
    await file.close()
    expect(doc._packed).not.toBe(null)
    store.swap(new Uint8Array(5000))
    doc.getText('t').insert(4, '!')
    expect(doc.getText('t').toString()).toBe('text!')
    doc.destroy()
    expect(() => doc.getText('t').toString()).toThrow(/destroyed/)
  })

  test('damaged pages are found when they are read, and nothing is changed', async () => {
    const { store, texts } = await written(['of some length ', 'and more'], 2)
    const bytes = store.bytes
    const state = await inspect(bytes)
    expect(state).toMatchObject({ snapshot: 'container', updates: 0, findings: [], container: { clients: 1, pages: 6 } })
    const next = random(1)
    let found = 0
    for (let i = 0; i < 60; i++) {
      const bad = bytes.slice()
      bad[4096 + next(bad.length - 4096)] ^= 1 << next(8)
      try {
        const file = await open(bad)
        const doc = await file.load()
        expect(doc.getText('t').toString()).toBe(texts[2])
        doc.getText('t').insert(0, '!')
        expect(doc.getText('t').toString()).toBe('!' + texts[2])
      } catch (error) {
        expect(error).toMatchObject({ code: 'damaged' })
        found++
      }
      expect((await verify(bad)).damaged).toBe(true)
    }
    expect(found).toBe(60)
  })
})

describe('the log', () => {
  test('wherever the end is cut off: what is whole is there, the rest is set aside', async () => {
    const { store, texts } = await written(['one ', 'two ', 'three'], 1)
    const whole = store.bytes
    const state = await inspect(whole)
    const begin = whole.length - state.updateBytes
    for (let end = begin; end < whole.length; end += 7) {
      const cut = new MemoryStore(whole.slice(0, end))
      const file = await open(cut)
      const text = await file.text('t')
      const kept = texts.indexOf(text)
      expect(kept).toBeGreaterThan(0)
      const { report } = file
      // The head knows what had been acknowledged.
      expect(report.findings.some(({ kind }) => kind === 'lost_end')).toBe(true)
      const tail = report.setAside === null ? 0 : (report.setAside as Uint8Array).length
      expect(file.sizes.size + tail).toBe(end)
      const doc = await file.load()
      doc.getText('t').insert(0, '> ')
      await file.close()
      expect(await (await open(cut.bytes)).text('t')).toBe('> ' + text)
    }
  })

  test('every flip, cut and stretch of zeros is found; no other text is given out', async () => {
    const { store, texts } = await written(['one ', 'two ', 'three ', 'four'], 2)
    const whole = store.bytes
    const next = random(7)
    for (let i = 0; i < 200; i++) {
      let bad = whole.slice()
      const at = next(bad.length)
      if (i % 3 === 0) bad[at] ^= 1 << next(8)
      else if (i % 3 === 1) bad = bad.slice(0, at)
      else bad.fill(0, at, at + 1 + next(200))
      if (bad.length === whole.length && bad.every((byte, at) => byte === whole[at])) continue
      let findings = 1
      try {
        const file = await open(new MemoryStore(bad), { verify: true, create: false })
        findings = file.report.findings.length
        expect(texts).toContain(await file.text('t'))
      } catch (error) {
        expect(['damaged', 'not_ours', 'not_found']).toContain((error as Y.RopewalkError).code)
      }
      expect(findings, `case ${i} at ${at}`).toBeGreaterThan(0)
    }
  })

  test('without its snapshot what is left opens for who asks for that', async () => {
    const { store } = await written(['one ', 'two'], 1)
    const bad = store.bytes
    bad[4050] ^= 1
    expect((await failing(() => open(new MemoryStore(bad)))).code).toBe('damaged')
    const file = await open(new MemoryStore(bad), { salvage: true })
    expect(file.report).toMatchObject({ salvaged: true, damaged: true })
    expect(await file.text('t')).toBe('') // it builds on what is lost
    await file.close()
  })

  /** Fails the call with this number, once. */
  class Failing extends MemoryStore {
    calls = 0
    constructor(
      bytes: Uint8Array,
      private readonly at: number,
      private readonly half: boolean
    ) {
      super(bytes)
    }
    #try(call: () => void, torn: () => void = () => {}): void {
      if (++this.calls === this.at) {
        if (this.half) torn()
        throw new Error('the disk is gone')
      }
      call()
    }
    override append(bytes: Uint8Array): void {
      this.#try(() => super.append(bytes))
    }
    override overwrite(offset: number, bytes: Uint8Array): void {
      this.#try(() => super.overwrite(offset, bytes), () => super.overwrite(offset, bytes.subarray(0, 9)))
    }
    override swap(bytes: Uint8Array): void {
      this.#try(() => super.swap(bytes))
    }
    sync(): void {
      this.#try(() => {})
    }
  }

  test('whichever write fails: what was acknowledged is there', async () => {
    const { store, texts } = await written(['start '])
    let failures = 0
    for (let at = 1; at < 40; at++) {
      const broken = new Failing(store.bytes, at, at % 2 === 0)
      let acknowledged = texts[1]
      let now = acknowledged
      try {
        const file = await open(broken)
        file.on('error', () => {})
        const doc = await file.load()
        for (let i = 0; i < 5; i++) {
          doc.getText('t').insert(doc.getText('t').length, `${i} `)
          now = doc.getText('t').toString()
          await file.saved()
          acknowledged = now
          if (i === 2) await file.compact()
        }
        await file.close()
      } catch (error) {
        failures++
        expect((error as Error).message).toMatch(/disk is gone|failed/)
      }
      const found = await (await open(broken.bytes)).text('t')
      expect(found.startsWith(acknowledged), `${at}: ${found} / ${acknowledged}`).toBe(true)
      expect(now.startsWith(found)).toBe(true)
    }
    expect(failures).toBeGreaterThan(12)
  })

  test('a change that could not be written goes with the next one; after a sync that failed nothing does', async () => {
    const once = new Failing((await written(['a'])).store.bytes, 1, false)
    const file = await open(once)
    const told: unknown[] = []
    file.on('error', (error) => told.push(error))
    const doc = await file.load()
    doc.getText('t').insert(1, 'b')
    await expect(file.saved()).rejects.toThrow('the disk is gone')
    doc.getText('t').insert(2, 'c')
    await file.saved()
    expect(told.length).toBe(1)
    expect(await (await open(once.bytes)).text('t')).toBe('abc')

    const dead = new Failing((await written(['a'])).store.bytes, 2, false)
    const other = await open(dead)
    other.on('error', () => {})
    const edited = await other.load()
    edited.getText('t').insert(1, 'b')
    await expect(other.saved()).rejects.toThrow('the disk is gone')
    edited.getText('t').insert(2, 'c')
    expect((await failing(() => other.saved())).code).toBe('store_failed')
  })

  test('after a replacement that nobody knows the end of nothing is written until it is opened again', async () => {
    class Unsure extends MemoryStore {
      override swap(): void {
        throw Object.assign(new Error('the power is gone'), { code: 'store_failed' })
      }
    }
    const unsure = new Unsure((await written(['a'])).store.bytes)
    const file = await open(unsure)
    file.on('error', () => {})
    const doc = await file.load()
    doc.getText('t').insert(1, 'b')
    await expect(file.compact()).rejects.toThrow('the power is gone')
    doc.getText('t').insert(2, 'c')
    expect((await failing(() => file.saved())).code).toBe('store_failed')
    expect((await failing(() => file.close())).code).toBe('store_failed')
    expect(file.closed).toBe(true)
    const again = new MemoryStore(unsure.bytes)
    const reopened = await open(again)
    expect(await reopened.text('t')).toBe('ab')
    await reopened.loadInto(doc)
    await reopened.close()
    expect(await (await open(again.bytes)).text('t')).toBe('abc')
  })

  test('a store of three calls is enough, and each may take its time', async () => {
    let bytes = new Uint8Array(0)
    const soon = <T>(value: () => T): Promise<T> => Promise.resolve().then(value)
    const three: ByteStore = {
      size: () => soon(() => bytes.length),
      read: (offset, size) => soon(() => bytes.slice(offset, offset + size)),
      append: (more) => soon(() => void (bytes = new Uint8Array([...bytes, ...more]))),
      swap: (all) => soon(() => void (bytes = all.slice()))
    }
    const file = await open(three)
    const doc = await file.load()
    doc.getText('t').insert(0, 'slow')
    await file.saved()
    await file.compact()
    doc.getText('t').insert(4, 'ly')
    await file.close()
    bytes = new Uint8Array([...bytes, 1, 2, 3])
    const again = await open(three)
    expect(again.report.setAside).toEqual(new Uint8Array([1, 2, 3]))
    expect(again.report.findings.map(({ kind }) => kind)).toEqual(['tail'])
    expect(await again.text('t')).toBe('slowly')
    await again.compact()
    await again.close()
    const packed = await open(three)
    const slow = await packed.load()
    expect(slow._packed).not.toBe(null)
    slow.getText('t').delete(0, 4)
    await packed.close()
    expect(await (await open(three)).text('t')).toBe('ly')
  })
})
