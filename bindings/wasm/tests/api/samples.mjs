// Real instances of every class, also of those that have no exported name: what a constructor sets shows
// on nothing else.
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'

// A document with something of everything in it, and what it has told meanwhile.
function lively() {
  const doc = new Y.Doc()
  doc.clientID = 1
  const told = {}
  const events = new Map()
  doc.on('afterTransaction', transaction => {
    told.transaction = transaction
  })
  const roots = {
    text: doc.getText('t'),
    array: doc.getArray('a'),
    map: doc.getMap('m'),
    fragment: doc.getXmlFragment('x'),
  }
  for (const [kind, type] of Object.entries(roots)) {
    type.observe(event => events.set(kind, event))
  }
  const manager = new Y.UndoManager(Object.values(roots))
  doc.transact(() => {
    roots.text.insert(0, 'abc', { bold: true })
    roots.text.insertEmbed(1, { image: 'a.png' })
    roots.array.insert(0, [1, new Uint8Array(1), new Y.Doc()])
    roots.map.set('k', new Y.Array())
    roots.fragment.insert(0, [new Y.XmlElement('p'), new Y.XmlText('x'), new Y.XmlHook('h')])
  })
  return { doc, told, events, manager, roots }
}

// One of each kind.
function contentsOf({ roots }) {
  const contents = {}
  const note = ({ content }) => {
    const kind = Object.keys(Y).find(name => name.startsWith('Content') && content instanceof Y[name])
    contents[kind] = content
  }
  for (const type of Object.values(roots)) {
    for (let item = type._start; item !== null; item = item.right) note(item)
    type._map.forEach(note)
  }
  return contents
}

const kLegacy = [1, 1, 5, 0, 2, 1, 1, 0x61, 1, 1, 0x31, 0] // JSON content in a list
const kCollected = [1, 1, 6, 0, 0, 1, 0] // a collected unit

export function samples() {
  const told = lively()
  const { doc, manager, roots, events } = told
  const update = Y.encodeStateAsUpdate(doc)
  const position = Y.createRelativePositionFromTypeIndex(roots.text, 1)
  const others = Y.decodeUpdate(new Uint8Array(kCollected))
  const legacy = Y.decodeUpdate(new Uint8Array(kLegacy))
  const deleted = new Y.ContentDeleted(1)
  const [element, text, hook] = roots.fragment.toArray()
  return {
    Doc: doc,
    Transaction: told.told.transaction,
    Array: roots.array,
    Map: roots.map,
    Text: roots.text,
    XmlFragment: roots.fragment,
    XmlElement: element,
    XmlText: text,
    XmlHook: hook,
    AbstractType: doc.get('untyped'),
    YArrayEvent: events.get('array'),
    YMapEvent: events.get('map'),
    YTextEvent: events.get('text'),
    YXmlEvent: events.get('fragment'),
    YEvent: new Y.YEvent(roots.array, told.told.transaction),
    Item: roots.text._start,
    GC: others.structs[0],
    Skip: new Y.Skip(Y.createID(1, 0), 1),
    AbstractStruct: new Y.AbstractStruct(Y.createID(1, 0), 1),
    ...contentsOf(told),
    ContentDeleted: deleted,
    ContentJSON: legacy.structs[0].content,
    ID: Y.createID(1, 0),
    Snapshot: Y.snapshot(doc),
    RelativePosition: position,
    AbsolutePosition: Y.createAbsolutePositionFromRelativePosition(position, doc),
    UndoManager: manager,
    StackItem: manager.undoStack[0],
    PermanentUserData: new Y.PermanentUserData(new Y.Doc()),
    AbstractConnector: new Y.AbstractConnector(doc, null),
    UpdateEncoderV1: new Y.UpdateEncoderV1(),
    UpdateEncoderV2: new Y.UpdateEncoderV2(),
    UpdateDecoderV1: new Y.UpdateDecoderV1(decoding.createDecoder(update)),
    UpdateDecoderV2: new Y.UpdateDecoderV2(decoding.createDecoder(Y.encodeStateAsUpdateV2(doc))),
    StructStore: doc.store,
    DeleteSet: Y.createDeleteSet(),
    DeleteItem: Y.decodeUpdate(new Uint8Array([0, 1, 1, 1, 0, 1])).ds.clients.get(1)[0],
    TreeWalker: roots.fragment.createTreeWalker(() => true),
  }
}
