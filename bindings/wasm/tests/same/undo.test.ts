// Undo managers, as programs and editors use them.
import { describe, expect, test, vi } from 'vitest'
import * as Y from 'ropewalk'
import { type Bench, same } from './same'

/** Logs each event of a manager. */
const tell = ({ log }: Bench, undo: any, name = 'undo'): void => {
  for (const event of ['stack-item-added', 'stack-item-updated', 'stack-item-popped']) {
    undo.on(event, ({ stackItem, origin, type, changedParentTypes }: any, manager: any) => {
      log(name, event, type, manager === undo, origin === undo ? 'self' : origin, stackItem.insertions.clients,
        stackItem.deletions.clients, changedParentTypes, undo.undoStack.length, undo.redoStack.length)
    })
  }
  undo.on('stack-cleared', (event: any) => log(name, 'stack-cleared', event, undo.undoStack.length))
}

describe('undo and redo', () => {
  same('text, with capture timeout', (bench) => {
    const { Y, log, doc: made, later } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text)
    tell(bench, undo)
    text.insert(0, 'one ')
    later(100)
    text.insert(4, 'two ')
    later(1000)
    text.insert(8, 'three')
    text.delete(0, 2)
    log(text, undo.undoStack.length, undo.canUndo(), undo.canRedo(), undo.lastChange)
    for (const step of ['undo', 'undo', 'undo', 'redo', 'redo', 'redo'] as const) {
      const item = undo[step]()
      log(step, text, item === null ? null : [item.insertions.clients, item.deletions.clients], undo.undoing, undo.redoing, undo.currStackItem)
    }
    text.insert(0, 'new ')
    log(undo.undoStack.length, undo.redoStack.length)
    undo.undo()
    text.insert(0, 'clears redo ')
    log(text, undo.undoStack.length, undo.redoStack.length)
  })

  same('maps, arrays, nested types and xml in one manager', (bench) => {
    const { Y, log, doc: made, later } = bench
    const doc = made(1)
    const map = doc.getMap('m')
    const list = doc.getArray('l')
    const page = doc.getXmlFragment('x')
    const outside = doc.getText('o')
    const undo = new Y.UndoManager([map, list, page], { captureTimeout: 0 })
    tell(bench, undo)
    map.set('a', 1)
    map.set('a', 2)
    later(1)
    list.push([1, 2, new Y.Map([['deep', new Y.Text('text')]])])
    const p = new Y.XmlElement('p')
    page.insert(0, [p])
    p.insert(0, [new Y.XmlText('hello')])
    outside.insert(0, 'not undone')
    page.delete(0, 1)
    list.delete(1, 2)
    map.delete('a')
    for (let i = 0; i < 9; i++) {
      undo.undo()
      log(doc.toJSON())
    }
    for (let i = 0; i < 9; i++) {
      undo.redo()
      log(doc.toJSON())
    }
  })

  same('keys that others have set are left alone, or not', ({ Y, log, doc: made }) => {
    for (const ignoreRemoteMapChanges of [false, true]) {
      const doc = made(1)
      const other = made(2)
      doc.on('update', (update: Uint8Array, origin: any) => origin !== 'sync' && Y.applyUpdate(other, update, 'sync'))
      other.on('update', (update: Uint8Array, origin: any) => origin !== 'sync' && Y.applyUpdate(doc, update, 'sync'))
      const map = doc.getMap('m')
      const undo = new Y.UndoManager(map, { ignoreRemoteMapChanges, captureTimeout: 0 })
      map.set('a', 1)
      other.getMap('m').set('a', 2)
      map.set('a', 3)
      other.getMap('m').set('b', 1)
      map.set('b', 2)
      for (let i = 0; i < 4; i++) {
        undo.undo()
        log(ignoreRemoteMapChanges, map, other.getMap('m'))
      }
      undo.redo()
      log(map)
    }
  })

  same('rich text and embeds', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'hello world')
    text.format(0, 5, { bold: true })
    text.insertEmbed(5, { image: 'x' })
    text.applyDelta([{ retain: 3 }, { delete: 4 }, { insert: 'XX', attributes: { em: true } }])
    for (let i = 0; i < 5; i++) {
      undo.undo()
      log(text.toDelta())
    }
    for (let i = 0; i < 5; i++) {
      undo.redo()
      log(text.toDelta())
    }
  })
})

describe('what is recorded', () => {
  same('origins by value and by class', (bench) => {
    const { Y, log, doc: made } = bench
    class Binding {}
    const doc = made(1)
    const text = doc.getText('t')
    const key = { key: 'object' }
    const undo = new Y.UndoManager(text, { trackedOrigins: new Set<any>([42, Binding, key]), captureTimeout: 0 })
    tell(bench, undo)
    const write = (origin: any): void => {
      doc.transact(() => text.insert(0, 'x'), origin)
      log(undo.undoStack.length)
    }
    for (const origin of [null, undefined, 42, '42', new Binding(), Binding, key, { key: 'object' }, 0, '', false]) write(origin)
    undo.addTrackedOrigin('late')
    write('late')
    undo.removeTrackedOrigin('late')
    write('late')
    undo.trackedOrigins.add(Number)
    write(7)
    log(undo.trackedOrigins.has(undo), undo.trackedOrigins.size)
  })

  same('updates from elsewhere without an origin, as Yjs does', (bench) => {
    const { Y, log, doc: made } = bench
    const other = made(2)
    other.getText('t').insert(0, 'theirs')
    const update = Y.encodeStateAsUpdate(other)
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text)
    Y.applyUpdate(doc, update)
    log(undo.undoStack.length, undo.undoStack[0]?.insertions.clients)
    undo.undo()
    log(text)
  })

  same('captureTransaction, and meta of transactions', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const asked: unknown[] = []
    const undo = new Y.UndoManager(text, {
      captureTimeout: 0,
      captureTransaction: (tr) => {
        asked.push([tr.origin, tr.changedParentTypes.size, tr.local])
        return tr.meta.get('addToHistory') !== false
      }
    })
    text.insert(0, 'a')
    doc.transact((tr) => {
      tr.meta.set('addToHistory', false)
      text.insert(1, 'b')
    }, 'other')
    doc.transact((tr) => {
      tr.meta.set('addToHistory', false)
      text.delete(0, 1)
    })
    doc.getMap('outside').set('a', 1)
    undo.undo()
    log(asked.map((one: any) => [one[0] === undo ? 'self' : one[0], one[1], one[2]]), text, undo.undoStack.length)
    undo.captureTransaction = () => false
    text.insert(0, 'c')
    log(undo.undoStack.length)
  })

  same('captureTimeout and stopCapturing', (bench) => {
    const { Y, log, doc: made, later } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 1000 })
    for (const wait of [0, 999, 1000, 500, 500]) {
      later(wait)
      text.insert(0, 'x')
      log(undo.undoStack.length, undo.lastChange)
    }
    undo.captureTimeout = 100
    later(200)
    text.insert(0, 'x')
    log(undo.undoStack.length)
    undo.stopCapturing()
    text.insert(0, 'x')
    log(undo.undoStack.length, undo.lastChange)
    undo.undo()
    text.insert(0, 'x')
    log(undo.undoStack.length, undo.redoStack.length)
  })

  same('a whole document', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const undo = new Y.UndoManager(doc, { captureTimeout: 0 })
    tell(bench, undo)
    doc.getText('a').insert(0, 'a')
    doc.getMap('b').set('k', 1)
    undo.undo()
    undo.undo()
    log(doc.toJSON())
    undo.redo()
    log(doc.toJSON())
  })

  same('types are added to the scope later', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const a = doc.getText('a')
    const b = doc.getText('b')
    const undo = new Y.UndoManager(a, { captureTimeout: 0 })
    b.insert(0, 'x')
    undo.addToScope([b, a])
    b.insert(0, 'y')
    log(undo.undoStack.length, undo.scope.length)
    undo.undo()
    log(b)
    const none = new Y.UndoManager([], { doc, captureTimeout: 0 })
    a.insert(0, 'q')
    none.addToScope(a)
    a.insert(0, 'r')
    log(none.undoStack.length, none.doc === doc)
    none.scope.push(b)
    b.insert(0, 's')
    log(none.undoStack.length)
  })

  same('several managers of one document', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const a = doc.getText('a')
    const first = new Y.UndoManager(a, { captureTimeout: 0, trackedOrigins: new Set(['first']) })
    const second = new Y.UndoManager(a, { captureTimeout: 0, trackedOrigins: new Set(['second']) })
    tell(bench, first, 'first')
    tell(bench, second, 'second')
    doc.transact(() => a.insert(0, 'one '), 'first')
    doc.transact(() => a.insert(0, 'two '), 'second')
    doc.transact(() => a.delete(0, 2), 'first')
    second.undo()
    log(a)
    first.undo()
    log(a)
    second.redo()
    first.undo()
    log(a)
  })
})

describe('what programs do with managers', () => {
  same('meta of items', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    undo.on('stack-item-added', ({ stackItem }: any) => stackItem.meta.set('length', text.length))
    undo.on('stack-item-popped', ({ stackItem, type }: any) => log(type, stackItem.meta))
    text.insert(0, 'a')
    text.insert(0, 'bc')
    undo.undo()
    undo.redo()
    log(undo.undoStack.map((item) => item.meta))
  })

  same('clear, one stack or both', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    tell(bench, undo)
    undo.clear()
    for (const args of [[], [true, false], [false, true], [false, false]] as [boolean?, boolean?][]) {
      text.insert(0, 'a')
      text.delete(0, 1)
      undo.undo()
      undo.clear(...args)
      log(undo.undoStack.length, undo.redoStack.length)
      undo.redo()
      undo.undo()
      log(text)
    }
  })

  same('stacks that a program changes', (bench) => {
    const { Y, log, doc: made } = bench
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    for (const word of ['a', 'b', 'c', 'd']) text.insert(0, word)
    undo.undoStack.pop()
    undo.undo()
    log(text, undo.undoStack.length, undo.redoStack.length)
    undo.undoStack.splice(0, 1)
    undo.undo()
    log(text, undo.undoStack.length)
    undo.redoStack = []
    undo.redo()
    log(text)
    text.insert(0, 'x')
    text.delete(1, 1)
    const kept = undo.undoStack
    undo.undoStack = []
    log(undo.undo(), text)
    undo.undoStack = kept
    undo.undo()
    undo.undo()
    log(text)
    // From one stack to the other.
    undo.undoStack.push(...undo.redoStack.splice(0))
    undo.undo()
    log(text, undo.undoStack.length, undo.redoStack.length)
  })

  same('items are moved to another manager', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const first = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'abc')
    text.delete(1, 1)
    const second = new Y.UndoManager(text, { captureTimeout: 0 })
    second.undoStack.push(...first.undoStack)
    first.destroy()
    second.undo()
    log(text, second.redoStack.length)
    second.undo()
    second.redo()
    second.redo()
    log(text)
  })

  same('the handler is taken away and put back', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'a')
    doc.off('afterTransaction', undo.afterTransactionHandler)
    text.insert(0, 'b')
    text.delete(1, 1)
    doc.on('afterTransaction', undo.afterTransactionHandler)
    text.insert(0, 'c')
    log(undo.undoStack.length)
    undo.undo()
    undo.undo()
    log(text)
  })

  same('destroyed, and brought back as TipTap does', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo: any = new Y.UndoManager(text, { captureTimeout: 0 })
    undo.on('stack-item-added', () => log('added'))
    text.insert(0, 'a')
    const observers = undo._observers
    const self = undo.trackedOrigins.has(undo)
    undo.destroy()
    log(undo.trackedOrigins.has(undo), undo._observers.size)
    text.insert(0, 'b')
    undo.restore = () => {
      if (self) undo.trackedOrigins.add(undo)
      undo.doc.on('afterTransaction', undo.afterTransactionHandler)
      undo._observers = observers
    }
    undo.restore()
    text.insert(0, 'c')
    log(undo.undoStack.length)
    undo.undo()
    undo.redo()
    undo.undo()
    undo.undo()
    log(text)
  })

  same('undo after destroy changes the document, and is not recorded', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'a')
    undo.destroy()
    undo.undo()
    log(text, undo.undoStack.length, undo.redoStack.length)
  })

  same('undo inside a transaction and inside an observer', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'a')
    text.insert(1, 'b')
    doc.transact(() => {
      undo.undo()
      text.insert(0, 'c')
    }, undo)
    log(text, undo.undoStack.length, undo.redoStack.length)
    let once = true
    text.observe(() => {
      if (once) {
        once = false
        undo.undo()
      }
    })
    text.insert(0, 'd')
    log(text, undo.undoStack.length, undo.redoStack.length)
  })

  same('listeners and filters that throw', ({ Y, log, attempt, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    undo.on('stack-item-added', () => {
      throw new Error('listener')
    })
    attempt('insert', () => text.insert(0, 'a'))
    log(text, undo.undoStack.length)
    undo.destroy()
    const filtering = new Y.UndoManager(text, { captureTimeout: 0, captureTransaction: () => { throw new Error('filter') } })
    attempt('insert', () => text.insert(0, 'b'))
    log(text, filtering.undoStack.length)
    filtering.captureTransaction = () => true
    text.insert(0, 'c')
    log(filtering.undoStack.length)
    filtering.undo()
    log(text)
  })

  same('what others do meanwhile stays', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const other = made(2)
    const sync = (): void => {
      Y.applyUpdate(other, Y.encodeStateAsUpdate(doc), 'sync')
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'sync')
    }
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'hello world')
    text.delete(2, 6)
    sync()
    other.getText('t').insert(2, 'THEIRS')
    sync()
    for (const step of ['undo', 'undo', 'redo', 'redo', 'undo'] as const) {
      undo[step]()
      sync()
      log(step, text, other.getText('t'))
    }
  })
})

describe('what only the package promises', () => {
  test('an exception of a filter reaches the caller of undo()', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    text.insert(0, 'a')
    const undo = new Y.UndoManager(text)
    text.insert(0, 'b')
    undo.deleteFilter = () => {
      throw new Error('no')
    }
    expect(() => undo.undo()).toThrow('no')
    expect(undo.undoing).toBe(false)
    expect(undo.currStackItem).toBe(null)
  })

  test('a manager ends with its document', () => {
    const doc = new Y.Doc()
    const text = doc.getText('t')
    const undo = new Y.UndoManager(text)
    text.insert(0, 'b')
    doc.destroy()
    expect(undo.undoStack.length).toBe(1)
    expect(() => undo.undo()).toThrow(expect.objectContaining({ code: 'no_document' }))
    undo.clear()
    undo.stopCapturing()
    undo.destroy()
    expect(undo.canUndo()).toBe(false)
  })

  test('a type of another document is warned about', () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => {})
    const doc = new Y.Doc()
    const undo = new Y.UndoManager(doc.getText('t'))
    undo.addToScope(new Y.Doc().getText('t'))
    expect(warn).toHaveBeenCalledOnce()
    warn.mockRestore()
  })
})
