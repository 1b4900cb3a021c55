// The peer's line protocol (see ../peer.cpp) spoken by Yjs itself. With it the driver can be tried
// without the engine: no seed may differ. PEER_FAULT plants one wrong behaviour, and then some must.
import { createInterface } from 'node:readline'
import * as Y from 'yjs'
import * as decoding from 'lib0/decoding'
import { rootOf } from '../edits.mjs'
import { settle, stateOf } from '../compare.mjs'
import { EventLog } from '../events.mjs'
import { applyUpdate, asV2, encodeState, listenTo } from '../formats.mjs'
import { hex, unhex } from '../values.mjs'

const kFault = process.env.PEER_FAULT ?? ''
const docs = new Map()
const textOf = digits => Buffer.from(digits, 'hex').toString('utf8')
const rootFrom = token => {
  const [kind, name] = token.split(':')
  return { kind, name: textOf(name) }
}

function takeValue(tokens) {
  const token = tokens.shift()
  const rest = token.slice(1)
  if (token === '[') {
    const values = []
    while (tokens[0] !== ']') values.push(takeValue(tokens))
    tokens.shift()
    return Y.Array.from(values)
  }
  if (token === '{') {
    const entries = []
    while (tokens[0] !== '}') entries.push([textOf(tokens.shift().slice(1)), takeValue(tokens)])
    tokens.shift()
    return new Y.Map(entries)
  }
  if (token[0] === 't') return new Y.Text(textOf(rest))
  if (token[0] === 'b') return unhex(rest)
  return decoding.readAny(decoding.createDecoder(unhex(rest)))
}

// UTF-16 units in the first `count` bytes or code points of a text.
function unitsIn(text, unit, count) {
  if (unit === '8') return Buffer.from(text).subarray(0, count).toString().length
  return unit === 'c' ? [...text].slice(0, count).join('').length : count
}

function edit(doc, tokens) {
  let type = rootOf(doc, rootFrom(tokens.shift()))
  const path = tokens.shift()
  for (const step of path === '-' ? [] : path.split('.')) {
    type = type.get(step[0] === 'i' ? Number(step.slice(1)) : textOf(step.slice(1)))
  }
  const verb = tokens.shift()
  if (verb === 'clear') return type.clear()
  if (verb === 'unset') return type.delete(textOf(tokens[0].slice(1)))
  if (verb === 'set') return type.set(textOf(tokens.shift().slice(1)), takeValue(tokens))
  if (type instanceof Y.Text) {
    const [unit, at] = tokens[0].includes(':') ? tokens[0].split(':') : ['', tokens[0]]
    const start = unitsIn(type.toString(), unit, Number(at))
    if (verb === 'erase') {
      return type.delete(start, unitsIn(type.toString().slice(start), unit, Number(tokens[1])))
    }
    const digits = tokens[1].slice(1)
    if (tokens[1][0] === 't') return type.insert(start, textOf(digits))
    return type.insert(start, String.fromCharCode(...digits.match(/..../g).map(u => parseInt(u, 16))))
  }
  const first = Number(tokens.shift())
  if (verb === 'erase') return type.delete(first, Number(tokens[0]))
  const count = verb === 'push' ? first : Number(tokens.shift())
  const values = Array.from({ length: count }, () => takeValue(tokens))
  if (verb === 'push' && kFault === 'push') return type.insert(type.length, values)
  return verb === 'push' ? type.push(values) : type.insert(first, values)
}

function answer(line) {
  const [verb, number, ...args] = line.split(' ')
  if (verb === 'new') {
    const doc = new Y.Doc({ gc: args[1] === '1', guid: '-' })
    doc.clientID = Number(args[0])
    doc.emitted = []
    if (args[2] !== '0') listenTo(doc, args[2] === '2', update => doc.emitted.push(update))
    docs.set(number, doc)
    return 'ok'
  }
  if (verb === 'drop') {
    for (const one of [number, ...args]) docs.delete(one)
    return 'ok'
  }
  const doc = docs.get(number)
  const emitted = () => 'ok ' + (doc.emitted.splice(0).map(hex).join(',') || '-')
  if (verb === 'edit' || verb === 'loose') {
    const editAll = () => {
      for (const one of args.join(' ').split(' ; ')) edit(doc, one.split(' '))
    }
    if (verb === 'edit') doc.transact(editAll)
    else editAll()
    return emitted()
  }
  if (verb === 'apply') {
    if (kFault === 'crash' && args[0].length % 334 === 0) process.exit(3)
    if (kFault === 'hang' && args[0].length % 334 === 0) for (;;);
    if (kFault === 'lose' && args[0].length % 94 === 0) return 'ok -'
    const v2 = args[0].startsWith('2:')
    applyUpdate(doc, v2 ? asV2(unhex(args[0].slice(2))) : unhex(args[0]))
    return emitted()
  }
  if (verb === 'encode') return 'ok ' + hex(encodeState(doc, args[0] === '-' ? undefined : unhex(args[0]), args[1] === '2'))
  if (verb === 'canonical') return 'ok ' + settle(Y.encodeStateAsUpdate(doc), true)
  if (verb === 'observe') {
    doc.events = new EventLog(doc, args.map(rootFrom))
    return 'ok'
  }
  if (verb === 'events') {
    const told = doc.events.take()
    return 'ok ' + (kFault === 'events' && told.includes('-1') ? told.replace('-1', '-2') : told)
  }
  if (verb === 'state') return 'ok ' + stateOf(doc, args.map(rootFrom))
  return `error unknown command ${verb}`
}

for await (const line of createInterface({ input: process.stdin })) {
  let out
  try {
    out = answer(line)
  } catch (error) {
    out = `error ${error.message}`
  }
  process.stdout.write(out + '\n')
}
