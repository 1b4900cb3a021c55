// Replicas with a text, an array and a map, of the libraries that speak the protocol of Yjs: what
// the rows of rows.mjs are written for.
//
//   new Replica(client, listener)   the listener, if any, is handed every update
//   transact(action)                several calls in one transaction; a call outside is one
//   read()                          all of it: text, array, map
import { ropewalkEntry } from './ropewalk.mjs'

export const kReplicated = ['ropewalk', 'yjs', 'ywasm']

export async function replicaOf(name) {
  if (name === 'ywasm') return ywasm((await import('ywasm')).default)
  return yjsLike(await import(name === 'ropewalk' ? ropewalkEntry() : name))
}

const yjsLike = Y =>
  class {
    constructor(client, listener) {
      this.doc = new Y.Doc()
      this.doc.clientID = client
      this.text = this.doc.getText('text')
      this.array = this.doc.getArray('array')
      this.map = this.doc.getMap('map')
      if (listener) this.doc.on('update', listener)
    }

    transact(action) {
      this.doc.transact(action)
    }

    insertText(at, text) {
      this.text.insert(at, text)
    }

    deleteText(at, length) {
      this.text.delete(at, length)
    }

    insertArray(at, values) {
      this.array.insert(at, values)
    }

    setMap(key, value) {
      this.map.set(key, value)
    }

    apply(update) {
      Y.applyUpdate(this.doc, update)
    }

    encode() {
      return Y.encodeStateAsUpdate(this.doc)
    }

    read() {
      return [this.text.toString(), this.array.toJSON(), this.map.toJSON()]
    }
  }

const ywasm = Y =>
  class {
    constructor(client, listener) {
      this.doc = new Y.YDoc({ clientID: client })
      this.text = this.doc.getText('text')
      this.array = this.doc.getArray('array')
      this.map = this.doc.getMap('map')
      this.transaction = undefined
      if (listener) this.doc.onUpdate(listener)
    }

    transact(action) {
      this.transaction = this.doc.beginTransaction()
      action()
      this.transaction.free()
      this.transaction = undefined
    }

    insertText(at, text) {
      this.text.insert(at, text, undefined, this.transaction)
    }

    deleteText(at, length) {
      this.text.delete(at, length, this.transaction)
    }

    insertArray(at, values) {
      this.array.insert(at, values, this.transaction)
    }

    setMap(key, value) {
      this.map.set(key, value, this.transaction)
    }

    // Faster than Y.applyUpdate.
    apply(update) {
      const transaction = this.doc.beginTransaction()
      transaction.applyV1(update)
      transaction.free()
    }

    encode() {
      return Y.encodeStateAsUpdate(this.doc)
    }

    read() {
      return [this.text.toString(), this.array.toJson(), this.map.toJson()]
    }
  }
