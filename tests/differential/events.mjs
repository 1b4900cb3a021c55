// What the deep observers of a Yjs document are told, in the form of events.hpp.
import * as Y from 'yjs'
import { Difference, firstDifference, show } from './compare.mjs'
import { rootOf, rootToken } from './edits.mjs'
import { hexText } from './values.mjs'

const shared = value => (value instanceof Y.Text ? 'T' : value instanceof Y.Array ? '[' : value instanceof Y.Map ? '{' : null)
const pathOf = path => path.map(step => (typeof step === 'number' ? `i${step}` : `k${hexText(step)}`)).join('.')

// What is gone shows its kind alone where it is a shared type.
const showOld = value => shared(value) ?? show(value)

function showKeys(event) {
  const keys = [...event.keys].map(([key, { action, oldValue }]) =>
    `k${hexText(key)}` + (action === 'add' ? 'a' : (action === 'update' ? 'u' : 'd') + showOld(oldValue)),
  )
  return keys.sort().join(',')
}

function showDelta(delta) {
  return delta
    .map(op => {
      if (op.retain !== undefined) return `=${op.retain}`
      if (op.delete !== undefined) return `-${op.delete}`
      return typeof op.insert === 'string' ? `+T${hexText(op.insert)}` : `+[${op.insert.map(show).join(',')}]`
    })
    .join(' ')
}

// Yjs deletes marks when somebody looks at the delta of a formatted text, and then differs from what
// it would be unobserved: such a delta is not looked at.
const showEvent = event => {
  const delta = event.target._hasFormatting ? '?' : showDelta(event.changes.delta)
  return `${pathOf(event.path)}|${shared(event.target)}|${showKeys(event)}|${delta}`
}

export class EventLog {
  constructor(doc, roots) {
    this.told = []
    for (const root of roots) {
      rootOf(doc, root).observeDeep(events => {
        this.told.push(`${rootToken(root)} ${events.map(showEvent).sort().join(';')}`)
      })
    }
  }

  // Commits joined by "/", those of one root in their order.
  take() {
    const commits = this.told.splice(0)
    return commits.length === 0 ? '-' : commits.join('/')
  }
}

// Ours, without the deltas that theirs leave open.
function masked(ours, theirs) {
  const open = new Set(theirs.filter(event => event.endsWith('|?')).map(event => event.slice(0, -1)))
  const upToDelta = event => event.slice(0, event.lastIndexOf('|') + 1)
  return ours.map(event => (open.has(upToDelta(event)) ? upToDelta(event) + '?' : event)).sort()
}

const byRoot = told => {
  const roots = new Map()
  for (const commit of told === '-' ? [] : told.split('/')) {
    const [root, events] = commit.split(' ', 1).concat(commit.slice(commit.indexOf(' ') + 1))
    roots.set(root, [...(roots.get(root) ?? []), events])
  }
  return new Map([...roots].sort())
}

// Edits make the same commits on both sides. An apply may go in more steps in Yjs, which looks again
// at what waits only when asked; then the parts cannot be told apart.
export function sameEvents(theirs, ours, name, exact) {
  const [yjs, ropewalk] = [theirs, ours].map(byRoot)
  const single = [...yjs.values(), ...ropewalk.values()].every(commits => commits.length === 1)
  if (!exact && !single) return
  for (const [root, commits] of ropewalk) {
    const open = yjs.get(root) ?? []
    const events = commits.map((commit, i) => masked(commit.split(';'), (open[i] ?? '').split(';')))
    ropewalk.set(root, events.map(list => list.join(';')))
  }
  const [a, b] = [yjs, ropewalk].map(roots => JSON.stringify([...roots]))
  if (a !== b) throw new Difference('events', firstDifference(a, b, `Yjs ${name}`, `Ropewalk ${name}`))
}
