// Wrong behaviours that can be planted in the package: `plant` puts one in and returns what takes it out.
import * as Y from 'yjs'

function replaced(object, name, make) {
  const owner = Object.hasOwn(object, name) ? object : null
  const real = object[name]
  object[name] = make(real)
  return () => {
    if (owner) object[name] = real
    else delete object[name]
  }
}

const method = (type, name, make) => () => replaced(type.prototype, name, make)

// Of what a document tells of one kind: what listeners hear instead. Keeps the number of their
// arguments, by which a document may know what they want.
const hearing = (event, change) =>
  method(Y.Doc, 'on', on => function (name, listener) {
    const changed = (told, origin, doc, transaction) => listener(change(told, this), origin, doc, transaction)
    return on.call(this, name, name === event ? changed : listener)
  })

export default [
  { what: 'a push is an insertion at the length', family: 'array', plant: method(Y.Array, 'push', () => function (values) { this.insert(this.length, values) }) },
  { what: 'text is inserted one place too far left', family: 'text', plant: method(Y.Text, 'insert', insert => function (at, ...rest) { insert.call(this, Math.max(0, at - 1), ...rest) }) },
  { what: 'formats are lost', family: 'richtext', plant: method(Y.Text, 'format', () => () => {}) },
  { what: 'a key is not deleted', family: 'map', plant: method(Y.Map, 'delete', () => () => {}) },
  { what: 'attributes are not removed', family: 'xml', plant: method(Y.XmlElement, 'removeAttribute', () => () => {}) },
  { what: 'updates carry everything', family: 'text', plant: hearing('update', (_, doc) => Y.encodeStateAsUpdate(doc)) },
  { what: 'updates carry nothing', family: 'map', plant: hearing('update', () => new Uint8Array(2)) },
  { what: 'undo takes two steps', family: 'undo', plant: method(Y.UndoManager, 'undo', undo => function () { undo.call(this); return undo.call(this) }) },
  { what: 'a sub-document is told as loaded only', family: 'subdocs', plant: hearing('subdocs', changes => ({ ...changes, added: new Set() })) },
  { what: 'observers hear half of the events', family: 'events', plant: method(Y.AbstractType, 'observeDeep', observeDeep => function (listener) {
    return observeDeep.call(this, (events, transaction) => listener(events.slice(1), transaction))
  }) },
]
