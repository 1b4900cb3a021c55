// What can be put in, what comes out, and where it can be put.
import { describe } from 'vitest'
import { same } from './same'

class Thing {
  a = 1
}
const values: [string, unknown][] = [
  // Not here: objects with Dates, functions or classes in them, which are copied at once; lone
  // surrogates, bigints beyond 64 bits; what Yjs refuses and we take: see from-yjs.md.
  ['string', 'text'], ['empty string', ''], ['number', 1], ['float', 1.5], ['-0', -0], ['big', 2 ** 40], ['max', 2 ** 53],
  ['NaN', NaN], ['Infinity', Infinity], ['true', true], ['null', null], ['undefined', undefined], ['object', { a: { b: [1, null] } }],
  ['array', [1, 'a', [true]]], ['bytes', new Uint8Array([1, 2])], ['buffer', new ArrayBuffer(3)],
  ['bigint', 5n], ['function', () => 1], ['symbol', Symbol('s')], ['class', new Thing()], ['map', new Map([['a', 1]])],
  ['set', new Set([1])], ['regexp', /a/], ['Float64Array', new Float64Array(2)], ['Uint16Array', new Uint16Array([1])], ['DataView', new DataView(new ArrayBuffer(1))],
  ['error', new Error('e')], ['promise', Promise.resolve(1)], 
  ['object with undefined', { a: undefined, b: 1 }], ['array with undefined', [undefined, 1]],
 ['object with bytes', { b: new Uint8Array([1]) }], ['object with bigint', { b: 5n }],
 ['negative bigint', -5n], ['class Thing itself', Thing]
]

describe('values', () => {
  for (const [name, value] of values) {
    same(`${name}, in a map`, ({ Y, log, attempt, doc: made }) => {
      const doc = made(1)
      const map = doc.getMap<any>('m')
      attempt('set', () => map.set('k', value))
      attempt('get', () => map.get('k'))
      log(map.has('k'), map.size)
      attempt('send', () => {
        const other = new Y.Doc()
        Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
        return other.getMap('m').get('k')
      })
      attempt('json', () => map.toJSON())
    })
    same(`${name}, in an array`, ({ Y, log, attempt, doc: made }) => {
      const doc = made(1)
      const list = doc.getArray<any>('l')
      attempt('push', () => list.push([value]))
      attempt('insert', () => list.insert(0, [value]))
      attempt('read', () => list.toArray())
      log(list.length)
      attempt('send', () => {
        const other = new Y.Doc()
        Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
        return other.getArray('l').toArray()
      })
    })
  }

  const edges = [0, 1, 63, 64, 127, 128, 8191, 8192, 2 ** 20, 2 ** 27 - 1, 2 ** 27, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, 0.5, -0]
  const numbers = [...edges, ...edges.map((value) => -value), NaN, 7, 8]
  const counting = Object.assign(Object.create({ valueOf: () => { throw new Error('nobody asked') } }), { a: 1 })
  for (const mixed of [numbers, [...numbers, 'é', true, null, { a: [1] }], [1, 2, new Uint8Array([3]), 4], [1, counting, 2]]) {
    for (const heard of [false, true]) {
      same(`${mixed.length} values in one go, ${heard ? '' : 'not '}heard`, ({ Y, log, attempt, doc: made }) => {
        const doc = made(1)
        const list = doc.getArray<any>('l')
        if (heard) doc.on('update', (update) => log(update))
        if (heard) list.observe((event) => log(event.delta))
        list.insert(0, mixed)
        list.insert(2, mixed)
        list.push(mixed)
        list.delete(list.length - 3, 3)
        list.push(mixed)
        doc.transact(() => {
          list.insert(1, mixed)
          list.insert(list.length, mixed)
          attempt('behind the end', () => list.insert(list.length + 1, mixed))
          list.delete(0, 2)
        })
        list.insert(0, [])
        log(list.toArray(), list.length)
        const other = new Y.Doc()
        Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
        log(other.getArray('l').toArray())
      })
    }
  }

  same('a date is for keys alone, and an object for others', ({ Y, log, attempt, doc: made }) => {
    const doc = made(1)
    attempt('list', () => doc.getArray<any>('l').push([new Date(5)]))
    attempt('map', () => doc.getMap<any>('m').set('k', new Date(5)).getTime())
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    log(other.getMap('m').get('k'), other.getArray('l').length)
  })

  same('keys that mean something to JavaScript', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const map = doc.getMap<any>('m')
    for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '', ' ', 'é']) {
      map.set(key, key.length)
      log(map.get(key), map.has(key))
    }
    log([...map.keys()], map.size)
    const element = new Y.XmlElement('p')
    doc.getXmlFragment('x').insert(0, [element])
    element.setAttribute('__proto__', '1')
    log(element.getAttribute('__proto__'), element.hasAttribute('constructor'))
    doc.getMap('__proto__').set('a', 1)
    log([...doc.share.keys()])
  })

  same('are the same object whenever they are read', ({ log, doc: made }) => {
    const doc = made(1)
    const map = doc.getMap<any>('m')
    map.set('o', { a: 1 })
    map.set('l', [1])
    map.set('b', new Uint8Array([1]))
    const object = map.get('o')
    const list = map.get('l')
    const bytes = map.get('b')
    log(map.get('o') === object, map.get('l') === list, map.toJSON().o === object, map.get('b') === bytes)
    const array = doc.getArray<any>('a')
    array.push([{ a: 1 }, [2]])
    const first = array.get(0)
    log(array.get(0) === first, array.toArray()[0] === first, array.slice(0, 1)[0] === first)
  })

  same('text: indexes, lengths and surrogates', ({ Y, log, attempt, doc: made }) => {
    const doc = made(1)
    const text = doc.getText('t')
    text.insert(0, '')
    text.delete(0, 0)
    text.format(0, 0, { a: 1 })
    text.insert(0, 'abc')
    attempt('far', () => text.insert(100, 'X'))
    attempt('before', () => text.insert(-5, 'Y'))
    log(text.toString())
    attempt('delete far', () => text.delete(4, 100))
    attempt('delete behind', () => text.delete(100, 1))
    log(text.toString())
    attempt('delete -1', () => text.delete(-1, 1))
    log(text.toString())
    attempt('delete no length', () => (text.delete as any)(0))
    attempt('negative length', () => text.delete(0, -1))
    attempt('NaN', () => text.insert(NaN, 'n'))
    log(text.toString())
    attempt('embed far', () => text.insertEmbed(100, { a: 1 }))
    log(text.toDelta())
    const pairs = doc.getText('pairs')
    pairs.insert(0, '😀😀')
    pairs.insert(1, 'x')
    log(pairs.toString(), pairs.length)
    pairs.delete(3, 1)
    log(pairs.toString())
    const long = doc.getText('long')
    long.insert(0, 'é'.repeat(300_000))
    long.insert(150_000, 'y')
    log(long.length, long.toString().length, long.toString()[150_000])
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    log(other.getText('pairs').toString(), other.getText('long').length)
  })

  same('arrays: indexes and lengths', ({ log, attempt, doc: made }) => {
    const doc = made(1)
    const list = doc.getArray<any>('l')
    list.insert(0, [])
    attempt('insert at 1 of 0', () => list.insert(1, [1]))
    list.push([1, 2, 3])
    list.delete(0, 0)
    attempt('insert far', () => list.insert(4, [4]))
    attempt('insert -1', () => list.insert(-1, ['front']))
    log(list.toArray())
    attempt('get far', () => list.get(9))
    attempt('get -1', () => list.get(-1))
    attempt('get 0.5', () => list.get(0.5))
    attempt('delete far', () => list.delete(9, 1))
    log(list.toArray())
    for (const [from, to] of [[0, 1], [-2], [1, -1], [5, 9], [0, 99], []]) {
      attempt('slice', () => list.slice(from, to))
    }
    log(list.map((value, index, of) => [value, index, of === list]), [...list], list.length)
    attempt('unshift', () => list.unshift(['u']))
    log(list.toJSON())
  })
})

describe('shared types', () => {
  same('read before they are in a document', ({ Y, attempt }) => {
    const text = new Y.Text('abc')
    const list = Y.Array.from([1, 2])
    const map = new Y.Map([['a', 1]])
    const element = new Y.XmlElement('p')
    const fragment = new Y.XmlFragment()
    const xmlText = new Y.XmlText('t')
    element.setAttribute('a', '1')
    element.insert(0, [xmlText])
    attempt('text', () => [text.length, text.toString(), text.toJSON(), text.toDelta(), text.getAttributes()])
    attempt('list', () => [list.length, list.toArray(), list.get(0), list.toJSON(), [...list], list.slice(0, 1)])
    attempt('map', () => [map.size, map.get('a'), map.has('a'), map.toJSON(), [...map.keys()], [...map.entries()]])
    attempt('element', () => [element.nodeName, element.length, element.getAttribute('a')])
    attempt('element as text', () => element.toString())
    attempt('fragment', () => [fragment.length, fragment.toString(), fragment.toArray(), fragment.firstChild])
    attempt('xml text', () => xmlText.toString())
    attempt('parent', () => [text.parent, text.doc, text._item])
  })

  same('cloned before they are in a document, and after', ({ Y, log, attempt, doc: made }) => {
    const doc = made(1)
    const target = doc.getMap<any>('target')
    const kinds: [string, any][] = [
      ['text', new Y.Text('abc')], ['list', Y.Array.from<any>([1, new Y.Map([['x', 1]])])], ['map', new Y.Map<any>([['a', 1], ['t', new Y.Text('in')]])],
      ['element', new Y.XmlElement('p')], ['hook', new Y.XmlHook('h')], ['xml text', new Y.XmlText('x')], ['fragment', new Y.XmlFragment()]
    ]
    kinds[3][1].setAttribute('a', '1')
    kinds[3][1].insert(0, [new Y.XmlText('in element')])
    for (const [name, type] of kinds) {
      attempt(`${name}, new`, () => {
        target.set(`new ${name}`, type.clone())
        return target.get(`new ${name}`)
      })
      attempt(name, () => {
        target.set(name, type)
        return target.get(name) === type
      })
      attempt(`${name}, clone`, () => {
        target.set(`clone ${name}`, type.clone())
        return target.get(`clone ${name}`)
      })
    }
    log(target.toJSON())
  })

  same('written before they are in a document', ({ Y, log, doc: made }) => {
    const doc = made(1)
    const text = new Y.Text()
    text.insert(0, 'world')
    text.insert(0, 'hello ')
    text.format(0, 5, { bold: true })
    text.delete(5, 1)
    text.applyDelta([{ retain: 2 }, { insert: 'X' }])
    text.insertEmbed(0, { e: 1 })
    const list = new Y.Array<any>()
    list.insert(0, [3])
    list.unshift([1])
    list.delete(0)
    list.push([text, 'end'])
    const map = new Y.Map<any>()
    map.set('list', list)
    map.set('gone', 1)
    map.delete('gone')
    doc.getMap<any>('m').set('map', map)
    log(doc.toJSON(), text.toDelta(), text.parent === list, list.parent === map)
  })

  same('of a document by name, with a type or later', ({ Y, log, attempt, doc: made }) => {
    const other = made(2)
    other.getText('t').insert(0, 'text')
    other.getMap('m').set('a', 1)
    other.getArray('l').push([1])
    const doc = made(1)
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(other))
    log([...doc.share.keys()].sort())
    attempt('untyped', () => doc.get('t').constructor === Y.AbstractType)
    log(doc.getText('t'), doc.getMap('m'), doc.getArray('l'))
    log(doc.get('t') === doc.getText('t'), doc.share.get('t') === doc.getText('t'), doc.get('t', Y.Text) === doc.getText('t'))
    attempt('other type', () => doc.getMap('t'))
    attempt('other type', () => doc.getXmlFragment('l'))
    log(doc.get('new').constructor === Y.AbstractType)
    const late = doc.getMap('new')
    late.set('a', 1)
    log(doc.toJSON(), doc.getMap() === doc.getMap(''))
  })

  same('written after they were deleted', ({ Y, log, attempt, doc: made }) => {
    const doc = made(1)
    const root = doc.getMap<any>('r')
    const types: [string, any, ((type: any) => void)[]][] = [
      ['text', new Y.Text('abc'), [(t) => t.insert(0, 'x'), (t) => t.delete(0, 1), (t) => t.format(0, 1, { a: 1 }), (t) => t.applyDelta([{ insert: 'y' }]), (t) => t.insertEmbed(0, { a: 1 })]],
      ['map', new Y.Map([['a', 1]]), [(t) => t.set('b', 1), (t) => t.delete('a'), (t) => t.clear()]],
      ['list', Y.Array.from([1, 2]), [(t) => t.insert(0, [1]), (t) => t.push([1])]],
      ['element', new Y.XmlElement('p'), [(t) => t.setAttribute('a', '1'), (t) => t.insert(0, [new Y.XmlText('x')])]]
    ]
    for (const [name, type] of types) root.set(name, type)
    for (const [name] of types) root.delete(name)
    for (const [name, type, writes] of types) {
      for (const write of writes) attempt(name, () => write(type))
      attempt(name, () => type.toJSON())
      attempt(name, () => type.length ?? type.size)
    }
    log(root.toJSON())
    const other = new Y.Doc()
    Y.applyUpdate(other, Y.encodeStateAsUpdate(doc))
    log(other.getMap('r').toJSON())
  })

  same('subclasses of a document', ({ Y, log }) => {
    class Mine extends Y.Doc {
      extra = 1
      constructor() {
        super({ guid: 'mine' })
      }
    }
    const mine = new Mine()
    mine.getText('t').insert(0, 'a')
    log(mine.guid, mine.extra, mine instanceof Y.Doc, mine.getText('t'), mine.getText('t').doc === mine)
  })

  same('without collection', ({ Y, log, doc: made }) => {
    const doc = made(1, { gc: false })
    const text = doc.getText('t')
    text.insert(0, 'deleted')
    const snapshot = Y.encodeStateAsUpdate(doc).length
    text.delete(0, 7)
    log(doc.gc, Y.encodeStateAsUpdate(doc).length > snapshot)
    doc.gc = true
    log(doc.gc)
  })
})
