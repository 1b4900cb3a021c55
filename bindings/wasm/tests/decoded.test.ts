// Updates taken apart and put together again, beside Yjs; and bytes that are no updates.
import * as decoding from 'lib0/decoding'
import * as Y from 'ropewalk'
import * as Yjs from 'yjs'
import { describe, expect, test } from 'vitest'

type Any = any

const sample = (): Yjs.Doc => {
  const doc = new Yjs.Doc()
  doc.clientID = 11
  const other = new Yjs.Doc()
  other.clientID = 12
  other.getText('t').insert(0, 'other h\u00e9\ud83d\ude00')
  const map = doc.getMap<Any>('map')
  map.set('a', 1)
  map.set('a', { deep: [1.5, null, true, 'x', -0, 2n ** 40n] })
  map.set('bytes', new Uint8Array([1, 2, 3]))
  map.set('doc', new Yjs.Doc({ guid: 'sub', autoLoad: true, meta: { m: 1 } }))
  const fragment = doc.getXmlFragment('xml')
  fragment.push([new Yjs.XmlElement('p'), new Yjs.XmlText('x'), new Yjs.XmlHook('hook') as Any])
  doc.getText('text').insert(0, 'hello')
  doc.getText('text').format(1, 2, { bold: true, link: { href: '#' } })
  doc.getText('text').insertEmbed(2, { image: 1 })
  const list = doc.getArray<Any>('list')
  list.push([1, 'two', new Yjs.Array()])
  ;(list.get(2) as Yjs.Array<Any>).push([1, 2])
  list.delete(2, 1)
  Yjs.applyUpdate(doc, Yjs.encodeStateAsUpdate(other))
  return doc
}
const nameOf = (Lib: Any, value: Any): string | undefined =>
  Object.keys(Lib).find((name) => typeof Lib[name] === 'function' && Lib[name] === value?.constructor)
const tellContent = (Lib: Any, content: Any): Any =>
  content && [
    nameOf(Lib, content),
    content.getLength(),
    content.isCountable(),
    content.str ?? content.arr ?? content.embed ?? content.content ?? content.key ?? content.len ?? content.opts,
    content.value,
    nameOf(Lib, content.type),
    content.type?.nodeName ?? content.type?.hookName,
    content.doc?.guid
  ]
const plain = (id: Any): Any => (id === null || typeof id === 'string' ? id : [id.client, id.clock])
const tell = (Lib: Any, { structs, ds }: Any): Any => [
  structs.map((struct: Any) => [
    nameOf(Lib, struct),
    plain(struct.id),
    struct.length,
    struct.content && [
      plain(struct.origin),
      plain(struct.rightOrigin),
      plain(struct.parent),
      struct.parentSub,
      struct.info,
      tellContent(Lib, struct.content)
    ]
  ]),
  [...ds.clients].map(([client, ranges]: Any) => [client, ranges.map(({ clock, len }: Any) => [clock, len])])
]
const skipping = (): Uint8Array => {
  const doc = new Yjs.Doc()
  doc.clientID = 5
  const updates: Uint8Array[] = []
  doc.on('update', (update) => updates.push(update))
  for (const value of [1, 2, 3]) doc.getArray('list').push([value])
  return Yjs.mergeUpdates([updates[0], updates[2]])
}

describe('updates', () => {
  test('are taken apart as in Yjs', () => {
    const doc = sample()
    for (const update of [Yjs.encodeStateAsUpdate(doc), skipping()]) {
      const v2 = Yjs.convertUpdateFormatV1ToV2(update)
      expect(tell(Y, Y.decodeUpdate(update))).toEqual(tell(Yjs, Yjs.decodeUpdate(update)))
      expect(tell(Y, Y.decodeUpdateV2(v2))).toEqual(tell(Yjs, Yjs.decodeUpdateV2(v2)))
      expect(Y.parseUpdateMeta(update)).toEqual(Yjs.parseUpdateMeta(update))
      expect(Y.parseUpdateMetaV2(v2)).toEqual(Yjs.parseUpdateMetaV2(v2))
    }
  })

  test.each([
    ['V1', Y.UpdateEncoderV1, Yjs.UpdateEncoderV1, Y.UpdateDecoderV1, Y.decodeUpdate, Yjs.encodeStateAsUpdate],
    ['V2', Y.UpdateEncoderV2, Yjs.UpdateEncoderV2, Y.UpdateDecoderV2, Y.decodeUpdateV2, Yjs.encodeStateAsUpdateV2]
  ] as Any[])('are written struct by struct (%s)', (_name, Mine, Theirs, Decoder, decode, encode) => {
    const { structs } = decode(encode(sample()))
    for (const offset of [0, 1]) {
      const mine = new Mine()
      const theirs = new Theirs()
      for (const struct of structs) {
        if (struct.length <= offset) continue
        struct.write(mine, offset)
        struct.write(theirs, offset)
      }
      expect(mine.toUint8Array()).toEqual(new Uint8Array(theirs.toUint8Array()))
      expect(new Decoder(decoding.createDecoder(mine.toUint8Array())).readInfo()).toBeTypeOf('number')
    }
  })

  test('keep keys that mean something to JavaScript', () => {
    const doc = new Y.Doc()
    doc.getMap('__proto__').set('__proto__', JSON.parse('{"__proto__":{"__proto__":1}}'))
    const [item] = Y.decodeUpdate(Y.encodeStateAsUpdate(doc)).structs as Any[]
    expect([item.parent, item.parentSub]).toEqual(['__proto__', '__proto__'])
    expect(JSON.stringify(item.content.arr)).toBe('[{"__proto__":{"__proto__":1}}]')
    expect(Object.getPrototypeOf(item.content.arr[0])).toBe(Object.prototype)
  })

  test('come as the rest of an input', () => {
    const doc = sample()
    const update = Yjs.encodeStateAsUpdate(doc)
    const v2 = Yjs.encodeStateAsUpdateV2(doc)
    const from = (bytes: Uint8Array): Any => {
      const decoder = decoding.createDecoder(new Uint8Array([9, 9, ...bytes]))
      decoding.readUint8(decoder)
      decoding.readUint8(decoder)
      return decoder
    }
    for (const read of [
      (target: Y.Doc) => Y.readUpdate(from(update), target, 'me'),
      (target: Y.Doc) => Y.readUpdateV2(from(v2), target),
      (target: Y.Doc) => {
        const decoder = from(v2)
        Y.readUpdateV2(decoder, target, null, new Y.UpdateDecoderV2(decoder))
      },
      (target: Y.Doc) => {
        const decoder = from(update)
        Y.readUpdateV2(decoder, target, null, new Y.UpdateDecoderV1(decoder))
      }
    ]) {
      const target = new Y.Doc()
      read(target)
      expect(target.getArray('list').toJSON()).toEqual(doc.getArray('list').toJSON())
    }
  })

  test('tell state vectors', () => {
    const vector = Yjs.encodeStateVector(sample())
    expect(Y.decodeStateVector(vector)).toEqual(Yjs.decodeStateVector(vector))
    expect(Y.encodeStateVector(Y.decodeStateVector(vector))).toEqual(vector)
  })
})

describe('contents', () => {
  test('are cut and joined by themselves', () => {
    const text = new Y.ContentString('ab\ud83d\ude00c')
    const right = text.splice(3)
    expect([text.str, right.str]).toEqual(['ab\ufffd', '\ufffdc'])
    text.mergeWith(right)
    expect(text.getContent()).toHaveLength(5)
    const any = new Y.ContentAny([1, 2, 3])
    const rest = any.splice(1)
    expect([any.arr, rest.arr, rest.constructor === Y.ContentAny]).toEqual([[1], [2, 3], true])
    any.mergeWith(rest)
    expect(any.copy().arr).toEqual([1, 2, 3])
    const deleted = new Y.ContentDeleted(5)
    expect([deleted.splice(2).len, deleted.len]).toEqual([3, 2])
    expect(() => new Y.ContentBinary(new Uint8Array(1)).splice(0)).toThrow()
    expect(() => any.integrate()).toThrow(/engine/)
  })

  test('make items that are in no document', () => {
    const make = (clock: number, content: Any): Y.Item =>
      new Y.Item(Y.createID(1, clock), null, clock > 0 ? Y.createID(1, clock - 1) : null, null, null, 'root', null, content)
    const left = make(0, new Y.ContentString('ab'))
    const right = make(2, new Y.ContentString('cd'))
    right.origin = Y.createID(1, 1)
    left.right = right
    right.left = left
    expect(left.mergeWith(right)).toBe(true)
    expect([left.length, left.lastId.clock, left.right, left.countable]).toEqual([4, 3, null, true])
    expect(() => left.delete()).toThrow(/no document/)
    left.markDeleted()
    expect(left.deleted).toBe(true)
    const gone = new Y.GC(Y.createID(1, 0), 2)
    expect([gone.mergeWith(new Y.GC(Y.createID(1, 2), 3)), gone.length, gone.deleted]).toEqual([true, 5, true])
    expect(gone.mergeWith(new Y.Skip(Y.createID(1, 5), 3))).toBe(false)
    expect(gone).toBeInstanceOf(Y.AbstractStruct)
  })
})

describe('bad input', () => {
  // As random, and the same in each run.
  let seed = 1
  const random = (below: number): number => {
    seed = (seed * 48271) % 0x7fffffff
    return seed % below
  }
  const decoders: [string, Uint8Array, (bytes: Uint8Array) => unknown][] = [
    ['decodeUpdate', Yjs.encodeStateAsUpdate(sample()), Y.decodeUpdate],
    ['decodeUpdateV2', Yjs.encodeStateAsUpdateV2(sample()), Y.decodeUpdateV2],
    ['parseUpdateMeta', Yjs.encodeStateAsUpdate(sample()), Y.parseUpdateMeta],
    ['decodeSnapshot', Yjs.encodeSnapshot(Yjs.snapshot(sample())), Y.decodeSnapshot],
    ['decodeSnapshotV2', Yjs.encodeSnapshotV2(Yjs.snapshot(sample())), Y.decodeSnapshotV2],
    ['decodeStateVector', Yjs.encodeStateVector(sample()), Y.decodeStateVector],
    ['decodeRelativePosition', new Uint8Array([0, 255, 255, 3, 7]), Y.decodeRelativePosition],
    [
      'UpdateDecoderV2',
      Yjs.encodeStateAsUpdateV2(sample()),
      (bytes) => {
        const decoder = new Y.UpdateDecoderV2({ arr: bytes, pos: 0 })
        for (let i = 0; i < 20; i++) decoder.readLeftID()
        for (let i = 0; i < 5; i++) [decoder.readString(), decoder.readInfo(), decoder.readAny(), decoder.readKey()]
      }
    ]
  ]

  test.each(decoders)('to %s is an error with a code and a place, or is read', (_name, bytes, decode) => {
    const attempt = (input: Uint8Array): void => {
      try {
        decode(input)
      } catch (error) {
        expect(error).toBeInstanceOf(Y.RopewalkError)
        expect((error as Any).code).toMatch(/^[a-z_0-9]+$/)
        expect((error as Any).code).not.toBe('ok')
        expect((error as Any).offset).toBeLessThanOrEqual(input.length)
      }
    }
    for (let size = 0; size < bytes.length; size++) attempt(bytes.slice(0, size))
    for (let i = 0; i < 1000; i++) {
      const broken = bytes.slice()
      for (let n = random(4); n >= 0; n--) broken[random(broken.length)] = random(256)
      attempt(broken)
      attempt(Uint8Array.from({ length: random(40) }, () => random(256)))
    }
  })

  test('that nests without end is refused', () => {
    const deep = new Uint8Array(100_000).fill(0x75)
    for (let i = 1; i < deep.length; i += 2) deep[i] = 1
    const decoder = new Y.UpdateDecoderV1({ arr: deep, pos: 0 })
    expect(() => decoder.readAny()).toThrow(expect.objectContaining({ code: 'nesting_too_deep' }))
  })
})
