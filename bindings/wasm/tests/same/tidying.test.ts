// Format marks without effect, which go in a transaction of their own behind that of an update.
import { describe } from 'vitest'
import { type Bench, same } from './same'

const kEvents = [
  'beforeAllTransactions', 'beforeTransaction', 'beforeObserverCalls', 'afterTransaction', 'afterTransactionCleanup', 'update', 'updateV2'
]

/** Logs whatever the document tells, with the transaction. */
const watch = ({ Y, log }: Bench, doc: any): void => {
  const shown = (tr: any): unknown[] => [tr.origin, tr.local, [...tr.deleteSet.clients], [...tr.beforeState].sort()]
  for (const name of kEvents) {
    doc.on(name, (...told: any[]) => {
      const transaction = told.find((one) => one instanceof Y.Transaction)
      log(name, transaction && shown(transaction), transaction?.changed)
    })
  }
  doc.on('afterAllTransactions', (_: any, all: any[]) => log('afterAllTransactions', all.map(shown)))
}

describe('formats', () => {
  same('formats are tidied right behind the transaction of an update', (bench) => {
    const { Y } = bench
    const other = bench.doc(2)
    other.getText('t').insert(0, 'ab')
    const doc = bench.doc(1)
    const text = doc.getText('t')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'first')
    text.format(0, 1, { bold: true })
    watch(bench, doc)
    // Yjs would open transactions for who looks at deltas.
    text.observe((_: any, tr: any) => bench.log('observed', tr.origin))
    text.observeDeep((_: any, tr: any) => bench.log('observed deeply', tr.origin))
    other.getText('t').delete(0, 1)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'deletes what was bold')
    bench.log(text)
  })

  same('what is edited when tidying up begins belongs to that', (bench) => {
    const { Y } = bench
    const other = bench.doc(2)
    other.getText('t').insert(0, 'abc')
    const doc = bench.doc(1)
    const text = doc.getText('t')
    const map = doc.getMap('m')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'first')
    text.format(1, 1, { bold: true })
    watch(bench, doc)
    doc.on('beforeTransaction', (tr: any) => {
      if (tr.origin !== null) return
      doc.transact((inner: any) => {
        bench.log(inner === tr)
        text.insert(0, 'in front ')
        map.set('n', 1)
      }, 'joins')
    })
    other.getText('t').delete(1, 1)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'deletes what was bold')
    bench.log(text, map, [...Y.encodeStateVector(doc)])
  })

  same('what observers apply is tidied up after, too, each time by itself', (bench) => {
    const { Y } = bench
    const other = bench.doc(2)
    other.getText('t').insert(0, 'abcd')
    const doc = bench.doc(1)
    const text = doc.getText('t')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'first')
    text.format(0, 1, { bold: true })
    text.format(2, 1, { bold: true })
    other.getText('t').delete(0, 1)
    const one = Y.encodeStateAsUpdate(other)
    other.getText('t').delete(1, 1)
    const two = Y.encodeStateAsUpdate(other)
    watch(bench, doc)
    let once = true
    doc.on('afterTransaction', () => {
      if (once) Y.applyUpdate(doc, two, 'nested')
      once = false
    })
    Y.applyUpdate(doc, one, 'outer')
    bench.log(text)
  })

  same('formats that were tidied up after an update are an item', (bench) => {
    const { Y, log, doc: made, later } = bench
    const other = made(2)
    other.getText('t').insert(0, 'ab')
    const doc = made(1)
    const text = doc.getText('t')
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'first')
    text.format(0, 1, { bold: true })
    const undo = new Y.UndoManager(text)
    undo.on('stack-item-added', ({ stackItem, origin, type }: any) => log(type, origin === undo, stackItem.deletions.clients))
    other.getText('t').delete(0, 1)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), 'deletes what was bold')
    log(undo.undoStack.length)
    later(1000)
    text.insert(0, 'new')
    for (const step of ['undo', 'undo', 'redo'] as const) log(step, undo[step]() !== null, text, undo.undoStack.length, undo.redoStack.length)
  })
})
