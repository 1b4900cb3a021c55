// Who is told of what, in which order, and what can be read then.
import { describe } from 'vitest'
import { type Bench, same } from './same'

// Arrays and fragments are there before somebody listens: Yjs makes them in an empty transaction.
const watch = ({ log }: Bench, doc: any, name = 'doc', details = true): void => {
  doc.getArray('l')
  doc.getXmlFragment('x')
  const short = (tr: any): unknown[] => [tr.origin, tr.local, tr.doc === doc]
  doc.on('beforeAllTransactions', (on: any) => log(name, 'beforeAllTransactions', on === doc))
  doc.on('beforeTransaction', (tr: any) => log(name, 'beforeTransaction', short(tr)))
  doc.on('beforeObserverCalls', (tr: any) => log(name, 'beforeObserverCalls', short(tr), details && tr.changed))
  for (const event of ['afterTransaction', 'afterTransactionCleanup']) {
    doc.on(event, (tr: any, on: any) => {
      log(name, event, short(tr), on === doc)
      if (details) log(tr.changed, tr.changedParentTypes, sorted(tr.deleteSet.clients), sorted(tr.beforeState), sorted(tr.afterState))
    })
  }
  for (const event of ['update', 'updateV2']) {
    doc.on(event, (update: Uint8Array, origin: any, on: any, tr: any) => {
      log(name, event, update.length > 0, origin, on === doc, short(tr))
      if (details) log(tr.changed, tr.changedParentTypes.size, tr.meta, sorted(tr.deleteSet.clients))
    })
  }
  doc.on('afterAllTransactions', (on: any, transactions: any[]) => {
    log(name, 'afterAllTransactions', on === doc, transactions.map(short))
    if (details) log(transactions.map((tr) => [tr.changed, sorted(tr.deleteSet.clients), sorted(tr.beforeState), sorted(tr.afterState)]))
  })
}
const sorted = (map: Map<number, any>): [number, any][] => [...map].sort((a, b) => a[0] - b[0])

const observe = ({ log }: Bench, type: any, name: string): void => {
  type.observe((event: any, tr: any) => {
    log(name, 'observe', event.target === type, event.currentTarget === type, event.path, event.delta, event.keys, tr === event.transaction)
    for (const of of ['keysChanged', 'childListChanged', 'attributesChanged']) log(of, event[of])
  })
}
const observeDeep = ({ log }: Bench, type: any, name: string): void => {
  type.observeDeep((events: any[], tr: any) => {
    log(name, 'observeDeep', tr.origin)
    for (const event of events) log(event.target, event.currentTarget === type, event.path, event.delta, event.keys)
  })
}

describe('transactions', () => {
  same('an edit by itself, and several as one', (bench) => {
    const doc = bench.doc(1)
    watch(bench, doc)
    const map = doc.getMap('m')
    const list = doc.getArray('l')
    observe(bench, map, 'map')
    observe(bench, list, 'list')
    map.set('a', 1)
    doc.transact((tr) => {
      tr.meta.set('by', 'me')
      list.push([1, 2])
      map.set('b', 2)
      map.delete('a')
      list.delete(0, 1)
    }, 'origin')
    doc.transact(() => {})
    bench.log(doc.transact(() => 'answer'))
  })

  same('nested transactions are one', (bench) => {
    const doc = bench.doc(1)
    watch(bench, doc)
    const text = doc.getText('t')
    doc.transact(() => {
      text.insert(0, 'a')
      doc.transact((tr) => {
        bench.log(tr.origin)
        text.insert(0, 'b')
      }, 'inner')
    }, 'outer')
  })

  same('edits in listeners are transactions of their own, told afterwards', (bench) => {
    for (const name of ['beforeObserverCalls', 'afterTransaction', 'afterTransactionCleanup', 'update', 'updateV2', 'afterAllTransactions'] as const) {
      const doc = bench.doc(1)
      watch(bench, doc, name, false)
      const map = doc.getMap('m')
      map.observe((event: any) => bench.log('observe', event.keysChanged))
      let left = 2
      doc.on(name as any, () => {
        if (left-- > 0) doc.transact(() => map.set(`${name} ${left}`, left), `by ${name}`)
      })
      doc.transact(() => map.set('a', 1), 'first')
    }
  })

  same('edits in beforeTransaction belong to it', (bench) => {
    const doc = bench.doc(1)
    watch(bench, doc, 'doc', false)
    const text = doc.getText('t')
    doc.on('beforeTransaction', () => text.insert(0, 'x'))
    text.insert(0, 'a')
    bench.log(text)
  })

  same('edits in observers', (bench) => {
    const doc = bench.doc(1)
    watch(bench, doc)
    const map = doc.getMap<any>('m')
    const list = doc.getArray<any>('l')
    map.observe(() => {
      if (list.length < 2) list.push([map.size])
    })
    observe(bench, list, 'list')
    list.observe(() => {
      if (map.size < 3) map.set(`k${map.size}`, list.length)
    })
    doc.transact(() => map.set('a', 1), 'first')
    bench.log(doc.toJSON())
  })

  same('what a transaction knows while it is open', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    text.insert(0, 'abc')
    doc.on('update', () => {})
    doc.transact((tr) => {
      bench.log(tr.beforeState, tr.origin, tr.local, tr.meta)
      text.insert(1, 'x')
      text.delete(2, 1)
      bench.log(tr.beforeState, tr.changed)
    }, 7)
  })

  same('updates from elsewhere', (bench) => {
    const { Y } = bench
    const other = bench.doc(2)
    const updates: Uint8Array[] = []
    other.on('update', (update) => updates.push(update))
    other.transact(() => {
      other.getText('t').insert(0, 'text')
      other.getMap('m').set('a', [1])
      other.getArray('l').push([new Y.Map([['k', 1]])])
    })
    other.getText('t').delete(1, 2)
    ;(other.getArray<any>('l').get(0) as any).set('k', 2)
    const doc = bench.doc(1)
    watch(bench, doc)
    // Yjs makes a transaction where the delta of a text is read.
    doc.getText('t').observe((event: any) => bench.log('text', event.path))
    observe(bench, doc.getMap('m'), 'map')
    observeDeep(bench, doc.getArray('l'), 'list')
    for (const update of updates) Y.applyUpdate(doc, update, 'remote')
    Y.applyUpdate(doc, updates[0], 'again')
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update, 'inside')
    }, 'outside')
  })

  same('our own id in an update is given up', (bench) => {
    const { Y } = bench
    const other = bench.doc(7)
    other.getText('t').insert(0, 'a')
    const doc = bench.doc(7)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    bench.log(doc.clientID !== 7)
    doc.clientID = 9
    doc.getText('t').insert(1, 'b')
    bench.log(Y.encodeStateVector(doc).length, doc.clientID, doc.getText('t'))
  })
})

describe('observers', () => {
  same('of nested types, the nearest first', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const root = doc.getMap<any>('r')
    doc.transact(() => {
      root.set('list', new Y.Array())
      root.get('list').push([new Y.Map([['t', new Y.Text('text')]]), new Y.Map()])
    })
    const list = root.get('list')
    for (const [type, name] of [[root, 'root'], [list, 'list'], [list.get(0), 'first'], [list.get(0).get('t'), 'text'], [list.get(1), 'second']]) {
      observe(bench, type, name)
      observeDeep(bench, type, name)
    }
    doc.transact(() => {
      list.get(1).set('x', 1)
      list.get(0).get('t').insert(0, 'new ')
      list.insert(0, ['front'])
      root.set('y', 2)
      list.get(1).set('z', new Y.Array())
    }, 'all')
    doc.transact(() => {
      list.get(2).set('x', 2)
      list.delete(1, 1)
    }, 'deleted')
    doc.transact(() => {
      root.set('q', 1)
      list.get(1).delete('x')
    })
  })

  same('the order in which types were first changed', (bench) => {
    const doc = bench.doc(1)
    const types = ['a', 'b', 'c', 'd'].map((name) => doc.getMap(name))
    doc.transact(() => types.forEach((type) => type.set('k', 0)))
    types.forEach((type, index) => type.observe((event: any) => bench.log('abcd'[index], event.keysChanged, event.keys)))
    doc.transact(() => {
      types[2].delete('k')
      types[0].set('z', 1)
      types[3].set('k', 1)
      types[0].delete('k')
      types[0].set('a', 1)
      types[1].set('k', 1)
    })
  })

  same('a format that is there already does not make its text the first that was changed', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    const list = doc.getArray('l')
    text.insert(0, 'bold', { bold: true })
    for (const [type, name] of [[text, 'text'], [list, 'list']] as const) {
      observe(bench, type, name)
      observeDeep(bench, type, name)
    }
    doc.transact(() => {
      text.format(0, 4, { bold: true })
      list.push(['first'])
      text.applyDelta([])
      text.insert(4, '!')
    })
    doc.transact(() => {
      text.format(0, 2, { bold: null })
      list.push(['second'])
    })
  })

  same('keys of a map that is cleared are told in their order', (bench) => {
    const doc = bench.doc(1)
    const map = doc.getMap('m')
    doc.on('beforeObserverCalls', (tr: any) => bench.log(tr.changed))
    for (const key of ['first', 'again', '0']) map.set(key, key)
    map.set('first', 'anew')
    map.clear()
    for (const key of ['0', 'again', 'late', 'first']) map.set(key, key)
    doc.transact(() => {
      map.delete('late')
      map.clear()
      map.set('0', 'back')
    })
  })

  same('are added and taken away in observers', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    const late = (): void => bench.log('late')
    const gone = (): void => bench.log('gone')
    text.observe(() => {
      bench.log('first')
      text.observe(late)
      text.unobserve(gone)
    })
    text.observe(gone)
    text.observeDeep(() => {
      bench.log('deep')
      text.unobserve(late)
    })
    text.insert(0, 'a')
    bench.log('--')
    text.insert(0, 'a')
    const once = (): void => {
      bench.log('once')
      doc.off('update', once)
    }
    doc.on('update', once)
    doc.once('update', () => bench.log('by once'))
    text.insert(0, 'b')
    text.insert(0, 'c')
  })

  same('the same observer twice', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    const f = (): void => bench.log('called')
    text.observe(f)
    text.observe(f)
    text.insert(0, 'a')
    text.unobserve(f)
    text.insert(0, 'b')
    bench.attempt('unknown', () => text.unobserve(f))
    bench.attempt('off', () => doc.off('update', f))
  })

  same('of types that are not in a document yet', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const text = new Y.Text('start')
    observe(bench, text, 'text')
    observeDeep(bench, text, 'text')
    doc.getMap<any>('m').set('t', text)
    text.insert(0, 'a')
  })

  same('of types that are deleted', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const map = doc.getMap<any>('m')
    const text = new Y.Text('abc')
    map.set('t', text)
    observe(bench, text, 'text')
    observeDeep(bench, map, 'map')
    doc.transact(() => {
      text.insert(0, 'x')
      map.delete('t')
    })
    bench.attempt('write', () => text.insert(0, 'y'))
    bench.log(text.length, text.toString(), text.doc === doc)
    // In an observer that comes first.
    const list = doc.getArray<any>('l')
    list.push([new Y.Map(), new Y.Map()])
    const [one, two] = list.toArray()
    one.observe(() => {
      bench.log('one')
      list.delete(1, 1)
    })
    two.observe(() => bench.log('two'))
    list.observeDeep((events) => bench.log('deep', events.map((event: any) => event.path)))
    doc.transact(() => {
      one.set('a', 1)
      two.set('a', 1)
    })
  })

  same('an event is one for all who hear of it', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const map = doc.getMap<any>('m')
    map.set('t', new Y.Text())
    const seen: any[] = []
    map.get('t').observe((event: any) => seen.push(event))
    map.get('t').observeDeep((events: any[]) => seen.push(...events))
    map.observeDeep((events) => seen.push(...events))
    doc.on('afterTransaction', (tr: any) => seen.push(...tr.changedParentTypes.get(map)))
    map.get('t').insert(0, 'a')
    bench.log(seen.length, new Set(seen).size, seen[0].currentTarget === map)
    bench.attempt('changes', () => seen[0].changes)
    bench.attempt('keys', () => seen[0].keys)
    bench.attempt('delta', () => seen[0].delta)
  })

  same('formats, embeds and types in deltas', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const text = doc.getText('t')
    observe(bench, text, 'text')
    text.insert(0, 'hello')
    text.format(0, 2, { bold: true })
    text.insertEmbed(1, { image: 'x' }, { width: 1 })
    text.insertEmbed(1, new Y.Map([['a', 1]]))
    text.applyDelta([{ retain: 2 }, { delete: 1 }, { insert: 'x', attributes: { em: {} } }])
    text.format(0, text.length, { bold: null, color: 'red' })
    text.setAttribute('whole', [1])
    text.removeAttribute('whole')
    text.delete(0, text.length)
  })

  same('xml', (bench) => {
    const { Y } = bench
    const doc = bench.doc(1)
    const page = doc.getXmlFragment('x')
    observe(bench, page, 'page')
    observeDeep(bench, page, 'page')
    const p = new Y.XmlElement('p')
    page.insert(0, [p, new Y.XmlText('tail')])
    observe(bench, p, 'p')
    doc.transact(() => {
      p.setAttribute('b', '1')
      p.setAttribute('a', '1')
      p.insert(0, [new Y.XmlText('in')])
    })
    p.removeAttribute('b')
    page.delete(1, 1)
  })

  same('insert and delete in one', (bench) => {
    const doc = bench.doc(1)
    const list = doc.getArray<any>('l')
    const map = doc.getMap<any>('m')
    observe(bench, list, 'list')
    observe(bench, map, 'map')
    list.insert(0, [1, 2, 3])
    doc.transact(() => {
      list.insert(1, ['x'])
      list.delete(1, 1)
    })
    doc.transact(() => {
      map.set('a', 1)
      map.delete('a')
    })
    map.set('b', { c: 1 })
    doc.transact(() => {
      map.delete('b')
      map.set('b', 2)
      map.set('b', 3)
    })
    map.set('b', undefined)
    map.delete('b')
    map.delete('none')
  })
})

describe('listeners that throw', () => {
  same('everybody who observes is told', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    text.observe(() => {
      throw new Error('observe')
    })
    text.observe(() => bench.log('second'))
    text.observeDeep(() => bench.log('deep'))
    doc.on('afterTransaction', () => bench.log('afterTransaction'))
    doc.on('update', () => bench.log('update'))
    bench.attempt('insert', () => text.insert(0, 'a'))
    bench.log(text, doc._transaction, doc._transactionCleanups.length)
    bench.attempt('insert', () => text.insert(0, 'a'))
  })

  same('what throws in a transaction ends it', (bench) => {
    const doc = bench.doc(1)
    const text = doc.getText('t')
    doc.on('update', () => bench.log('update'))
    text.observe(() => bench.log('observe'))
    bench.attempt('transact', () =>
      doc.transact(() => {
        text.insert(0, 'a')
        throw new Error('stop')
      })
    )
    bench.log(text)
    text.insert(0, 'b')
  })
})
