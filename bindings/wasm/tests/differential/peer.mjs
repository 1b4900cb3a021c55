// The package as the peer of the differential test, in the same process as Yjs: it speaks the line protocol
// of tests/differential/peer.cpp, in the terms of the Yjs API.
import * as decoding from 'lib0/decoding'
import * as Y from 'yjs'
import { stateOf } from '../../../../tests/differential/compare.mjs'
import { rootOf } from '../../../../tests/differential/edits.mjs'
import { EventLog } from '../../../../tests/differential/events.mjs'
import { applyUpdate, asV2, encodeState, listenTo } from '../../../../tests/differential/formats.mjs'
import { unitsOf as charactersOf } from '../../../../tests/differential/rich.mjs'
import { hex, unhex } from '../../../../tests/differential/values.mjs'

const textOf = digits => Buffer.from(digits, 'hex').toString('utf8')
const keyOf = token => textOf(token.slice(1))
const unitsOf = digits => String.fromCharCode(...(digits.match(/..../g) ?? []).map(unit => parseInt(unit, 16)))
const anyOf = digits => decoding.readAny(decoding.createDecoder(unhex(digits)))

const rootFrom = token => {
  const [kind, name] = token.split(':')
  return { kind, name: textOf(name) }
}

// -- values -----------------------------------------------------------------------------------------

class Tokens {
  constructor(words) {
    this.words = words
    this.at = 0
  }

  next() {
    return this.words[this.at++]
  }

  number() {
    return Number(this.next())
  }

  times(count, take) {
    return Array.from({ length: count }, take)
  }

  // Behind an opening bracket, which may still have to be read.
  until(bracket, take) {
    const taken = []
    while (this.words[this.at] !== bracket) taken.push(take())
    this.at++
    return taken
  }

  entries() {
    return this.until('}', () => [keyOf(this.next()), this.value()])
  }

  list() {
    return this.until(']', () => this.value())
  }

  value() {
    const token = this.next()
    const rest = token.slice(1)
    switch (token[0]) {
      case '[':
        return Y.Array.from(this.list())
      case '{':
        return new Y.Map(this.entries())
      case 't':
        return new Y.Text(textOf(rest))
      case 'b':
        return unhex(rest)
      case 'v':
        return anyOf(rest)
      case 'd':
        return new Y.Doc({ guid: textOf(rest), gc: this.number() === 1, autoLoad: this.number() === 1, meta: this.value() })
      case 'f':
        this.next()
        return withChildren(new Y.XmlFragment(), this.list())
      case 'h':
        this.next()
        return this.entries().reduce((hook, [key, value]) => (hook.set(key, value), hook), new Y.XmlHook(textOf(rest)))
      case 'x':
        this.next()
        return withAttributes(new Y.XmlText(textOf(rest)), this.entries())
      case 'e': {
        this.next()
        const element = withAttributes(new Y.XmlElement(textOf(rest)), this.entries())
        this.next()
        return withChildren(element, this.list())
      }
    }
    throw new Error(`no value: ${token}`)
  }

  values(count) {
    return this.times(count, () => this.value())
  }

  attributes() {
    return Object.fromEntries(this.times(this.number(), () => [keyOf(this.next()), this.value()]))
  }

  deltaOp() {
    const withFormats = (op, attributes) => (Object.keys(attributes).length > 0 ? { ...op, attributes } : op)
    switch (this.next()) {
      case 'd':
        return { delete: this.number() }
      case 'r':
        return withFormats({ retain: this.number() }, this.attributes())
      case 'i':
        return withFormats({ insert: unitsOf(this.next().slice(1)) }, this.attributes())
    }
    const attributes = this.attributes()
    return withFormats({ insert: this.value() }, attributes)
  }
}

function withAttributes(type, entries) {
  for (const [key, value] of entries) type.setAttribute(key, value)
  return type
}

function withChildren(type, children) {
  type.insert(0, children)
  return type
}

// -- edits ------------------------------------------------------------------------------------------

function stepInto(type, step) {
  if (step[0] === 'i') return type.get(Number(step.slice(1)))
  return type instanceof Y.Map ? type.get(keyOf(step)) : type.getAttribute(keyOf(step))
}

// UTF-16 units in the first `count` bytes or code points of a text.
function unitsIn(text, unit, count) {
  if (unit === '8') return Buffer.from(text).subarray(0, count).toString().length
  return unit === 'c' ? [...text].slice(0, count).join('').length : count
}

const kTextVerbs = {
  insert: (text, tokens) => {
    const at = place(text, tokens.next()).at
    const token = tokens.next()
    text.insert(at, token[0] === 't' ? textOf(token.slice(1)) : unitsOf(token.slice(1)))
  },
  erase: (text, tokens) => {
    const { at, unit } = place(text, tokens.next())
    text.delete(at, unitsIn(unit ? charactersOf(text).slice(at) : '', unit, tokens.number()))
  },
  format: (text, tokens) => text.format(tokens.number(), tokens.number(), tokens.attributes()),
  styled: (text, tokens) => text.insert(tokens.number(), unitsOf(tokens.next().slice(1)), tokens.attributes()),
  embed: (text, tokens) => {
    const [at, attributes] = [tokens.number(), tokens.attributes()]
    text.insertEmbed(at, tokens.value(), attributes)
  },
  delta: (text, tokens) => {
    const sanitize = tokens.number() === 1
    text.applyDelta(tokens.times(tokens.number(), () => tokens.deltaOp()), { sanitize })
  },
}

function place(text, token) {
  const [unit, at] = token.includes(':') ? token.split(':') : ['', token]
  return { unit, at: unitsIn(unit ? charactersOf(text) : '', unit, Number(at)) }
}

const kVerbs = {
  set: (map, tokens) => map.set(keyOf(tokens.next()), tokens.value()),
  unset: (map, tokens) => map.delete(keyOf(tokens.next())),
  clear: map => map.clear(),
  attr: (type, tokens) => type.setAttribute(keyOf(tokens.next()), tokens.value()),
  unattr: (type, tokens) => type.removeAttribute(keyOf(tokens.next())),
  insert: (list, tokens) => list.insert(tokens.number(), tokens.values(tokens.number())),
  push: (list, tokens) => list.push(tokens.values(tokens.number())),
  after: (list, tokens) => list.insertAfter(list.get(tokens.number()), tokens.values(tokens.number())),
  erase: (list, tokens) => list.delete(tokens.number(), tokens.number()),
}

function edit(doc, command) {
  const tokens = new Tokens(command.split(' '))
  let type = rootOf(doc, rootFrom(tokens.next()))
  const path = tokens.next()
  for (const step of path === '-' ? [] : path.split('.')) type = stepInto(type, step)
  const verb = tokens.next()
  const act = (type instanceof Y.Text && kTextVerbs[verb]) || kVerbs[verb]
  act(type, tokens)
}

// -- updates ----------------------------------------------------------------------------------------

const kUpdateVerbs = {
  merge: (v2, _collect, ...updates) => Y[v2 ? 'mergeUpdatesV2' : 'mergeUpdates'](updates.map(unhex)),
  diff: (v2, vector, update) => Y[v2 ? 'diffUpdateV2' : 'diffUpdate'](unhex(update), unhex(vector)),
  vector: (v2, update) => Y[v2 ? 'encodeStateVectorFromUpdateV2' : 'encodeStateVectorFromUpdate'](unhex(update)),
  convert: (v2, update) => Y[v2 ? 'convertUpdateFormatV2ToV1' : 'convertUpdateFormatV1ToV2'](unhex(update)),
  obfuscate: (v2, update) => Y[v2 ? 'obfuscateUpdateV2' : 'obfuscateUpdate'](unhex(update)),
}

// As a fresh document writes it in V2.
function canonical(doc) {
  const reader = new Y.Doc({ gc: doc.gc, guid: '-' })
  Y.applyUpdate(reader, Y.encodeStateAsUpdate(doc))
  return hex(Y.encodeStateAsUpdateV2(reader))
}

const changesSomething = ({ deleteSet, beforeState, afterState }) =>
  deleteSet.clients.size > 0 || [...afterState].some(([client, clock]) => beforeState.get(client) !== clock)

// -- documents --------------------------------------------------------------------------------------

export class Peer {
  gone = null
  stores = false // that is a module of its own
  #documents = 0
  #replicas = new Map()

  // A number no other document has.
  freshDocument() {
    return String(++this.#documents)
  }

  async ask(line) {
    try {
      return `ok ${this.#answer(line)}`
    } catch (error) {
      return `error ${error.stack}`
    }
  }

  close() {}

  #answer(line) {
    const [verb, ...words] = line.split(' ')
    if (verb in kUpdateVerbs) return hex(kUpdateVerbs[verb](words[0] === '2', ...words.slice(1)))
    const [number, ...args] = words
    if (verb === 'new') return this.#open(number, ...args)
    if (verb === 'drop') return words.forEach(one => this.#drop(one)) ?? ''
    return this.#ofDocument(this.#replicas.get(number), verb, args)
  }

  #open(number, client, collect, listen) {
    const doc = new Y.Doc({ gc: collect === '1', guid: '-' })
    doc.clientID = Number(client)
    const replica = { doc, emitted: [], events: null, undo: null }
    if (listen !== '0') listenTo(doc, listen === '2', update => replica.emitted.push(update))
    this.#replicas.set(number, replica)
    return ''
  }

  #drop(number) {
    this.#replicas.get(number)?.doc.destroy()
    this.#replicas.delete(number)
  }

  #ofDocument(replica, verb, args) {
    const { doc } = replica
    const emitted = () => replica.emitted.splice(0).map(hex).join(',') || '-'
    const editAll = () => args.join(' ').split(' ; ').forEach(command => edit(doc, command))
    switch (verb) {
      case 'loose':
        editAll()
        return emitted()
      case 'apply': {
        const v2 = args[0].startsWith('2:')
        applyUpdate(doc, v2 ? asV2(unhex(args[0].slice(2))) : unhex(args[0]), 'remote')
        return emitted()
      }
      case 'encode':
        return hex(encodeState(doc, args[0] === '-' ? undefined : unhex(args[0]), args[1] === '2'))
      case 'canonical':
        return canonical(doc)
      case 'state':
        return stateOf(doc, args.map(rootFrom))
      case 'observe':
        replica.events = new EventLog(doc, args.map(rootFrom))
        return ''
      case 'events':
        return replica.events.take()
      case 'manage':
        replica.undo = this.#manage(doc, args)
        return ''
      case 'undo':
      case 'redo':
      case 'stop':
      case 'clear':
        return this.#undo(replica.undo, verb, emitted)
    }
    const origin = verb.match(/^edit(?:-(.*))?$/)
    if (!origin) throw new Error(`unknown command ${verb}`)
    doc.transact(editAll, origin[1] ?? null)
    return emitted()
  }

  #manage(doc, [endless, ignoreRemote, remote, ...scope]) {
    return new Y.UndoManager(scope[0] === '*' ? doc : scope.map(token => rootOf(doc, rootFrom(token))), {
      captureTimeout: endless === '1' ? Infinity : 0,
      trackedOrigins: new Set([null, 'tracked', ...(remote === '1' ? ['remote'] : [])]),
      ignoreRemoteMapChanges: ignoreRemote === '1',
      // As the Yjs side of the test does it.
      captureTransaction: changesSomething,
    })
  }

  #undo(manager, verb, emitted) {
    let changed = false
    if (verb === 'undo') changed = manager.undo() !== null
    if (verb === 'redo') changed = manager.redo() !== null
    if (verb === 'stop') manager.stopCapturing()
    if (verb === 'clear') manager.clear()
    return [emitted(), Number(changed), manager.undoStack.length, manager.redoStack.length].join(' ')
  }
}
