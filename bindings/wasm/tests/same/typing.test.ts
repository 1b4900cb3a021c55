// Keystrokes in one transaction: some wait for those that follow, and nobody can tell.
import * as Yjs from 'yjs'
import { describe } from 'vitest'
import { type Bench, same } from './same'

/** What a program can see of a document, and its history as Yjs keeps it that has read it. */
const look = ({ Y, log }: Bench, doc: any): void => {
  log(doc.getText('t').toDelta(), doc.getText('t').length, doc.getText('u'))
  const reader = new Yjs.Doc()
  Yjs.applyUpdate(reader, Y.encodeStateAsUpdate(doc))
  log(Yjs.encodeStateAsUpdate(reader))
}

describe('typing in a transaction', () => {
  const programs: Record<string, (text: any, bench: Bench, doc: any) => void> = {
    'letters go on': (text) => {
      for (const [i, letter] of [...'word by word'].entries()) text.insert(i, letter)
    },
    'letters go on, and are taken back': (text) => {
      for (let i = 0; i < 9; i++) text.insert(i, 'abcdefghi'[i])
      for (let i = 8; i > 2; i--) text.delete(i, 1)
      text.insert(3, 'x')
      text.insert(4, 'y')
    },
    'deleting goes on to the beginning, and no further': (text) => {
      for (let i = 0; i < 3; i++) text.insert(i, 'abc'[i])
      for (let i = 2; i >= 0; i--) text.delete(i, 1)
      text.delete(0, 1)
    },
    'what is no letter': (text) => {
      for (const [i, letter] of ['a', '\u00e9', 'b', '\ud83d', '\ude00', 'c', '', 'd'].entries()) {
        text.insert(Math.min(i, text.length), letter)
      }
      text.insert(1, 'xy')
      text.insert(3, 'z')
    },
    'an index in front of the first': (text) => {
      text.insert(-5, 'a')
      text.insert(-4, 'b')
      text.insert(1, 'c')
    },
    'behind the last': (text) => {
      text.insert(7, 'a')
      text.insert(8, 'b')
    },
    'more than waits': (text) => {
      for (let i = 0; i < 10_000; i++) text.insert(i, String.fromCharCode(97 + (i % 26)))
    },
    'into two texts in turns': (text, _, doc) => {
      const other = doc.getText('u')
      for (let i = 0; i < 5; i++) {
        text.insert(i, 'a')
        other.insert(i, 'b')
      }
    },
    'into two documents': (text, bench) => {
      const other = bench.doc(9)
      other.transact(() => {
        for (let i = 0; i < 4; i++) {
          other.getText('t').insert(i, 'x')
          text.insert(i, 'y')
          text.insert(i, 'z')
        }
      })
      look(bench, other)
    },
    'somebody reads in between': (text, { Y, log }, doc) => {
      text.insert(0, 'a')
      text.insert(1, 'b')
      log(text.toString(), text.length, text.toJSON())
      text.insert(2, 'c')
      text.insert(3, 'd')
      log([...Y.encodeStateVector(doc)], text._start.id)
      text.insert(4, 'e')
      text.insert(5, 'f')
      log(doc.store.clients.has(1), [...Y.encodeStateVector(doc)])
      text.delete(5, 1)
      text.delete(4, 1)
      log(doc.toJSON())
    },
    'into what is formatted': (text) => {
      text.insert(0, 'plain bold plain')
      text.format(6, 4, { bold: true })
      for (let i = 0; i < 3; i++) text.insert(10 + i, 'x')
      for (let i = 0; i < 3; i++) text.insert(6 + i, 'y')
      for (let i = 15; i > 4; i--) text.delete(i, 1)
      for (let i = 0; i < 3; i++) text.insert(5 + i, 'z')
    },
    'beside what is embedded': (text) => {
      text.insert(0, 'ab')
      text.insertEmbed(1, { image: 'x' })
      text.insert(2, 'c')
      text.insert(3, 'd')
      for (let i = 4; i >= 0; i--) text.delete(i, 1)
    },
    'a text that is deleted meanwhile': (_, bench, doc) => {
      const map = doc.getMap('m')
      const inner = new bench.Y.Text()
      map.set('k', inner)
      inner.insert(0, 'a')
      inner.insert(1, 'b')
      map.delete('k')
      bench.log(map)
    },
    'an error in between': (text, { attempt }, doc) => {
      text.insert(0, 'a')
      text.insert(1, 'b')
      attempt('too far', () => doc.getArray('l').insert(5, [1]))
      text.insert(2, 'c')
    }
  }
  for (const [name, program] of Object.entries(programs)) {
    same(name, (bench) => {
      const doc = bench.doc(1)
      doc.getText('t').observe((event: any) => bench.log(event.delta))
      doc.on('update', (_: Uint8Array, __: any, ___: any, transaction: any) => {
        bench.log([...transaction.deleteSet.clients], [...transaction.afterState])
      })
      doc.transact(() => program(doc.getText('t'), bench, doc))
      look(bench, doc)
    })
  }

  same('undone in the same transaction', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const text = doc.getText('t')
    const manager = new Y.UndoManager(text, { captureTimeout: 0 })
    text.insert(0, 'kept ')
    doc.transact(() => {
      text.insert(5, 'a')
      text.insert(6, 'b')
      manager.undo()
      text.insert(0, 'c')
      text.insert(1, 'd')
    })
    look(bench, doc)
    manager.undo()
    look(bench, doc)
  })

  same('what a transaction says of itself', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    doc.on('update', () => {})
    doc.transact((transaction: any) => {
      for (let i = 0; i < 3; i++) text.insert(i, 'a')
      text.delete(2, 1)
      text.delete(1, 1)
      const deleted = transaction.deleteSet.clients.get(1).flatMap(({ clock, len }: any) => Array(len).fill(0).map((_, i) => clock + i))
      bench.log(deleted.sort(), [...bench.Y.encodeStateVector(doc)])
    })
    look(bench, doc)
  })

  same('an update comes in between', (bench) => {
    const { Y } = bench
    const other = bench.doc(2)
    other.getText('t').insert(0, 'theirs ')
    const doc = bench.doc(1)
    const text = doc.getText('t')
    doc.transact(() => {
      text.insert(0, 'a')
      text.insert(1, 'b')
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
      text.insert(2, 'c')
      text.insert(3, 'd')
    })
    look(bench, doc)
  })

  for (let seed = 1; seed <= 60; seed++) {
    same(`somebody types, history ${seed}`, (bench) => {
      let state = seed
      const random = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below
      const doc = bench.doc(1)
      const text = doc.getText('t')
      for (let round = 0; round < 8; round++) {
        doc.transact(() => {
          let at = random(text.length + 1)
          for (let step = 0; step < 30; step++) {
            if (random(9) === 0) at = random(text.length + 1)
            if (random(12) === 0) text.format(random(text.length + 1), random(4), { [random(2) ? 'b' : 'i']: random(3) ? true : null })
            if (random(15) === 0) text.insertEmbed(at++, { n: step })
            if (random(7) === 0) bench.log(text.toString())
            if (random(3) === 0 && at > 0) {
              for (let left = random(6); left > 0 && at > 0; left--) text.delete(--at, 1)
            } else {
              for (let left = random(6); left > 0; left--) text.insert(at++, String.fromCharCode(97 + random(26)))
            }
          }
        })
        look(bench, doc)
      }
    })
  }
})
