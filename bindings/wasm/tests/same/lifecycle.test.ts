// Documents that end: at any time, and used afterwards all the same.
import { describe, expect, test } from 'vitest'
import * as Y from 'ropewalk'

const gone = expect.objectContaining({ code: 'no_document' })

describe('a document that is destroyed', () => {
  const moments: [string, (doc: Y.Doc) => void][] = [
    ['in a transaction', (doc) => doc.transact(() => doc.destroy())],
    ['in an observer', (doc) => {
      doc.getText('t').observe(() => doc.destroy())
      doc.getText('t').insert(0, 'x')
    }],
    ['in a deep observer', (doc) => {
      doc.getText('t').observeDeep(() => doc.destroy())
      doc.getText('t').insert(0, 'x')
    }],
    ['in a listener of updates', (doc) => {
      doc.on('update', () => doc.destroy())
      doc.getText('t').insert(0, 'x')
    }],
    ['after all transactions', (doc) => {
      doc.on('afterAllTransactions', () => doc.destroy())
      doc.getText('t').insert(0, 'x')
    }],
    ['while an update is applied', (doc) => {
      const other = new Y.Doc()
      other.getText('t').insert(0, 'x')
      doc.on('beforeTransaction', () => doc.destroy())
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    }],
    ['while something is undone', (doc) => {
      const undo = new Y.UndoManager(doc.getText('t'))
      doc.getText('t').insert(0, 'x')
      doc.on('afterTransaction', () => doc.destroy())
      undo.undo()
    }],
    ['twice', (doc) => {
      doc.destroy()
      doc.destroy()
    }],
    ['when it is told that it is', (doc) => {
      doc.on('destroy', () => doc.destroy())
      doc.destroy()
    }]
  ]
  for (const [name, end] of moments) {
    test(`${name} gives its memory back when that is over`, () => {
      const doc = new Y.Doc()
      const text = doc.getText('t')
      text.insert(0, 'before')
      let told = 0
      doc.on('destroy', () => told++)
      end(doc)
      expect(told).toBe(1)
      expect(doc.isDestroyed).toBe(true)
      expect(() => text.toString()).toThrow(gone)
      expect(() => doc.clientID).toThrow(gone)
    })
  }

  test('answers every use with an error', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const map = doc.getMap<any>('m')
    const list = doc.getArray<any>('l')
    const page = doc.getXmlFragment('x')
    const element = new Y.XmlElement('p')
    page.insert(0, [element])
    doc.destroy()
    const uses: (() => unknown)[] = [
      () => text.insert(0, 'a'), () => text.delete(0, 1), () => text.format(0, 1, { a: 1 }), () => text.applyDelta([{ insert: 'a' }]),
      () => text.insertEmbed(0, {}), () => text.length, () => text.toString(), () => text.toDelta(), () => text.getAttributes(),
      () => map.set('a', 1), () => map.get('a'), () => map.delete('a'), () => map.clear(), () => map.has('a'), () => map.size, () => map.toJSON(), () => [...map],
      () => list.push([1]), () => list.insert(0, [1]), () => list.delete(0, 1), () => list.get(0), () => list.length, () => list.toArray(), () => list.slice(0, 1),
      () => page.toString(), () => page.firstChild, () => page.insert(0, [new Y.XmlText()]), () => element.setAttribute('a', '1'), () => element.getAttribute('a'),
      () => element.nextSibling, () => element.parent,
      () => doc.getText('new'), () => doc.get('t', Y.Map as any), () => doc.transact(() => {}), () => doc.getSubdocs(),
      () => (doc.clientID = 5), () => (doc.gc = false),
      () => Y.encodeStateAsUpdate(doc), () => Y.encodeStateVector(doc), () => Y.applyUpdate(doc, new Uint8Array([0, 0])),
      () => new Y.UndoManager(text)
    ]
    for (const use of uses) expect(use, String(use)).toThrow(gone)
  })

  test('takes leave of editors in peace', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const f = (): void => {}
    text.observe(f)
    text.observeDeep(f)
    doc.on('update', f)
    const undo = new Y.UndoManager(text)
    doc.destroy()
    text.unobserve(f)
    text.unobserveDeep(f)
    text.observe(f)
    doc.off('update', f)
    doc.on('update', f)
    undo.destroy()
    expect(doc.getText('t')).toBe(text)
    expect(doc.share.get('t')).toBe(text)
  })
})

describe('what listeners throw', () => {
  test('everybody else is told, and the first is thrown', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const told: string[] = []
    for (const name of ['beforeObserverCalls', 'afterTransaction', 'afterTransactionCleanup', 'update', 'updateV2', 'afterAllTransactions'] as const) {
      doc.on(name, () => {
        throw new Error(name)
      })
      doc.on(name, () => told.push(name))
    }
    text.observe(() => {
      throw new Error('observe')
    })
    text.observe(() => told.push('observe'))
    text.observeDeep(() => told.push('observeDeep'))
    expect(() => text.insert(0, 'a')).toThrow('beforeObserverCalls')
    expect(told).toEqual(['beforeObserverCalls', 'observe', 'observeDeep', 'afterTransaction', 'afterTransactionCleanup', 'update', 'updateV2', 'afterAllTransactions'])
    expect(text.toString()).toBe('a')
  })

  test('a transaction can be asked as long as it is told', () => {
    const doc = new Y.Doc()
    let kept: Y.Transaction | null = null
    doc.on('afterTransaction', (transaction) => (kept = transaction))
    doc.getText('t').insert(0, 'a')
    expect(() => kept!.changed).toThrow('while it is being told')
    expect(kept!.origin).toBe(null)
    doc.on('afterTransaction', (transaction) => void transaction.changed)
    doc.getText('t').insert(0, 'a')
    expect(kept!.changed.has(doc.getText('t'))).toBe(true)
  })
})
