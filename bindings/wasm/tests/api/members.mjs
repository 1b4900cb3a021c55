// What a module offers, as lines "name: what it is". Members are named Class#member and Class.static; of
// functions the number of arguments belongs to what they are; of classes it would say who wrote a
// constructor.
import * as Y from 'yjs'
import { samples } from './samples.mjs'

const kEndOfChain = new Set([Object.prototype, Function.prototype, null])
const kOfEveryFunction = new Set(['length', 'name', 'prototype', 'arguments', 'caller'])
const isClass = value => typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))

function kindOfValue(value) {
  if (typeof value === 'function') return `function of ${value.length}`
  if (value === null || value === undefined) return 'nothing'
  if (typeof value !== 'object') return typeof value
  const known = [Array, Map, Set, Promise, Uint8Array].find(type => value instanceof type)
  return known ? known.name : 'object'
}

// Of a property somewhere up the chain; own ones of an instance are values, however they are kept.
function kindOfMember({ get, set, value }) {
  if (get || set) return ['accessor', get && 'read', set && 'written'].filter(Boolean).join(' ')
  return kindOfValue(value)
}

function chainOf(object) {
  const chain = []
  for (let at = object; !kEndOfChain.has(at); at = Object.getPrototypeOf(at)) chain.push(at)
  return chain
}

// Property descriptors, the nearest first.
function descriptorsOf(object) {
  const found = new Map()
  for (const at of chainOf(object)) {
    for (const name of Reflect.ownKeys(at)) if (!found.has(name)) found.set(name, Object.getOwnPropertyDescriptor(at, name))
  }
  return found
}

const nameOf = key => (typeof key === 'symbol' ? `[${key.description}]` : key)

// Map of names to { kind, value }: `value` is true for what an instance has, which may be kept as an
// accessor, or stand on the prototype.
export function members() {
  const found = new Map()
  const note = (name, kind, value = false) => found.set(name, { kind, value })
  const instances = samples()
  for (const [name, value] of Object.entries(Y)) {
    note(name, isClass(value) ? 'class' : kindOfValue(value))
    if (!isClass(value)) continue
    for (const [key, descriptor] of descriptorsOf(value)) {
      if (!kOfEveryFunction.has(key)) note(`${name}.${nameOf(key)}`, kindOfMember(descriptor))
    }
    for (const [key, descriptor] of descriptorsOf(value.prototype)) {
      if (key !== 'constructor') note(`${name}#${nameOf(key)}`, kindOfMember(descriptor))
    }
  }
  for (const [name, instance] of Object.entries(instances)) {
    for (const [key, descriptor] of descriptorsOf(instance)) {
      if (key === 'constructor') continue
      const own = Object.hasOwn(instance, key)
      if (own || !found.has(`${name}#${nameOf(key)}`)) {
        note(`${name}#${nameOf(key)}`, own ? kindOfValue(instance[key]) : kindOfMember(descriptor), own)
      }
    }
  }
  return found
}
