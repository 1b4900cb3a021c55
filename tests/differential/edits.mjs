// One edit: fitted to a Yjs document, done there, and written down for the peer.
import * as Y from 'yjs'
import { doRichEdit, unitsOf } from './rich.mjs'
import { describe, hexText, hexUnits, toTokens, toYjs } from './values.mjs'

const kRoots = { text: Y.Text, array: Y.Array, map: Y.Map, fragment: Y.XmlFragment, element: Y.XmlElement, xmltext: Y.XmlText }
export const rootOf = (doc, { kind, name }) => doc.get(name, kRoots[kind])
export const rootToken = ({ kind, name }) => `${kind}:${hexText(name)}`

// The narrower first.
const kKinds = [
  ['xmltext', Y.XmlText], ['text', Y.Text], ['hook', Y.XmlHook], ['map', Y.Map], ['element', Y.XmlElement], ['fragment', Y.XmlFragment], ['array', Y.Array],
]
const kindOf = value => kKinds.find(([, Type]) => value instanceof Type)?.[0] ?? null
// What an edit of a kind can be done to.
const kTargets = {
  text: ['text', 'xmltext'],
  array: ['array'],
  map: ['map', 'hook'],
  fragment: ['fragment', 'element'],
  attribute: ['element', 'xmltext', 'text'],
}

// Every living shared type of one kind, roots first.
function typesOf(doc, roots, wanted) {
  const found = []
  const inner = []
  const visit = (type, kind, root, path) => {
    if (kTargets[wanted].includes(kind)) (path.length === 0 ? found : inner).push({ type, root, path })
    if (kind === 'array' || kind === 'fragment' || kind === 'element') {
      type.toArray().forEach((value, i) => {
        const kindOfValue = kindOf(value)
        if (kindOfValue) visit(value, kindOfValue, root, [...path, i])
      })
    }
    if (kind !== 'array' && kind !== 'fragment') {
      const entries = kind === 'map' || kind === 'hook' ? [...type.entries()] : Object.entries(type.getAttributes())
      for (const [key, value] of entries) {
        const kindOfValue = kindOf(value)
        if (kindOfValue) visit(value, kindOfValue, root, [...path, key])
      }
    }
  }
  for (const root of roots) visit(rootOf(doc, root), root.kind, root, [])
  return found.concat(inner)
}

const pathToken = path =>
  path.length === 0 ? '-' : path.map(s => (typeof s === 'number' ? `i${s}` : `k${hexText(s)}`)).join('.')
const pathText = ({ root, path }) =>
  `${root.kind}(${JSON.stringify(root.name)})` + path.map(s => `[${JSON.stringify(s)}]`).join('')

const insidePair = (text, at) => {
  const low = text.charCodeAt(at)
  const high = text.charCodeAt(at - 1)
  return at > 0 && at < text.length && high >= 0xd800 && high < 0xdc00 && low >= 0xdc00 && low < 0xe000
}

// A position as the peer takes it: in UTF-16 units, or in the unit the edit asks for.
function position(units, at, unit) {
  const before = units.slice(0, at)
  if (unit === 'utf8') return `8:${Buffer.byteLength(before)}`
  return unit === 'code_point' ? `c:${[...before].length}` : `${at}`
}

function countOf(units, from, count, unit) {
  const erased = units.slice(from, from + count)
  return unit === 'utf8' ? Buffer.byteLength(erased) : unit === 'code_point' ? [...erased].length : count
}

// Does the edit and returns { line, text }, or null where there is nothing to do. `cursors` holds
// where this replica last worked in each type.
export function doEdit(doc, roots, cursors, edit, cutPairs) {
  const targets = typesOf(doc, roots, edit.on)
  if (targets.length === 0) return null
  const target = targets[edit.pick % targets.length]
  const { type } = target
  const note = (verb, tokens, words) => ({
    line: [rootToken(target.root), pathToken(target.path), verb, ...tokens].join(' '),
    text: `${pathText(target)}.${verb}(${words.join(', ')})`,
  })

  if (edit.on === 'map') {
    const key = `k${edit.key === undefined ? '' : hexText(edit.key)}`
    if (edit.verb === 'set') {
      type.set(edit.key, toYjs(edit.value))
      return note('set', [key, toTokens(edit.value)], [JSON.stringify(edit.key), describe(edit.value)])
    }
    if (edit.verb === 'clear') {
      type.clear()
      return note('clear', [], [])
    }
    type.delete(edit.key)
    return note('unset', [key], [JSON.stringify(edit.key)])
  }

  if (edit.on === 'attribute') {
    const key = `k${hexText(edit.key)}`
    if (edit.verb === 'unattr') {
      type.removeAttribute(edit.key)
      return note('unattr', [key], [JSON.stringify(edit.key)])
    }
    type.setAttribute(edit.key, toYjs(edit.value))
    return note('attr', [key, toTokens(edit.value)], [JSON.stringify(edit.key), describe(edit.value)])
  }

  const size = type.length
  // Embeds take a place and are no characters: such a text is addressed in units.
  const units = edit.on === 'text' && !(cutPairs && edit.unit === 'utf16') ? unitsOf(type) : ''
  const unit = units.includes('\ufffc') ? 'utf16' : edit.unit
  const fit = at => (!cutPairs && insidePair(units, at) ? at - 1 : at)
  const cursor = Math.min(cursors.get(type) ?? size, size)

  // Inside a pair only UTF-16 can point.
  const unitAt = (from, to) =>
    edit.on === 'text' && !insidePair(units, from) && !insidePair(units, to) ? unit : 'utf16'

  if (edit.rich) {
    const done = doRichEdit(type, edit, cursor, at => (insidePair(units, at) ? at - 1 : at))
    return done && note(done.verb, done.tokens, done.words)
  }

  if (edit.verb === 'erase') {
    if (size === 0) return null
    // At the cursor an eraser works backwards, elsewhere forwards.
    const start = edit.at === 'cursor' ? Math.max(0, cursor - edit.count) : edit.at % size
    const end = edit.at === 'cursor' ? cursor : Math.min(size, start + edit.count)
    const from = fit(start)
    const count = fit(end) - from
    if (count <= 0) return null
    type.delete(from, count)
    cursors.set(type, from)
    const unit = unitAt(from, from + count)
    const tokens = edit.on === 'text' ? [position(units, from, unit), countOf(units, from, count, unit)] : [from, count]
    return note('erase', tokens, tokens)
  }

  const at = fit(edit.at === 'cursor' ? cursor : edit.at % (size + 1))
  if (edit.on === 'text') {
    type.insert(at, edit.text)
    cursors.set(type, at + edit.text.length)
    const where = position(units, at, unitAt(at, at))
    const token = edit.utf8 ? 't' + hexText(edit.text) : 'u' + hexUnits(edit.text)
    return note('insert', [where, token], [where, JSON.stringify(edit.text) + (edit.utf8 ? '' : 'u')])
  }
  const values = edit.values.map(toYjs)
  const tokens = [edit.values.length, ...edit.values.map(toTokens)]
  const words = edit.values.map(describe)
  if (edit.verb === 'push') {
    type.push(values)
    cursors.set(type, type.length)
    return note('push', tokens, words)
  }
  cursors.set(type, at + values.length)
  // Children stand behind a child; values that are no type do not.
  if (edit.verb === 'after' && at > 0 && kindOf(type.get(at - 1))) {
    type.insertAfter(type.get(at - 1), values)
    return note('after', [at - 1, ...tokens], [at - 1, ...words])
  }
  type.insert(at, values)
  return note('insert', [at, ...tokens], [at, ...words])
}
