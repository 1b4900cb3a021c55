// What the deep observers of a Yjs document are told, in the form of events.hpp.
import * as Y from 'yjs'
import { Difference, firstDifference, show } from './compare.mjs'
import { rootOf, rootToken } from './edits.mjs'
import { showAttributes } from './rich.mjs'
import { hexText } from './values.mjs'
import { showDocument } from './xml.mjs'

const kTags = [
  [Y.XmlText, 'X'], [Y.Text, 'T'], [Y.Array, '['], [Y.XmlHook, 'H'], [Y.Map, '{'], [Y.XmlElement, 'E'], [Y.XmlFragment, 'F'],
]
const shared = value => kTags.find(([Type]) => value instanceof Type)?.[1] ?? null
const pathOf = path => path.map(step => (typeof step === 'number' ? `i${step}` : `k${hexText(step)}`)).join('.')

// What is gone shows its kind alone where it is a shared type.
const showOld = value => shared(value) ?? show(value)

function showKeys(event) {
  const keys = [...event.keys].map(([key, { action, oldValue }]) =>
    `k${hexText(key)}` + (action === 'add' ? 'a' : (action === 'update' ? 'u' : 'd') + showOld(oldValue)),
  )
  return keys.sort().join(',')
}

function showDelta(delta, inText) {
  return delta
    .map(op => {
      if (op.delete !== undefined) return `-${op.delete}`
      if (op.retain !== undefined) return `=${op.retain}${showAttributes(op)}`
      if (typeof op.insert === 'string') return `+T${hexText(op.insert)}${showAttributes(op)}`
      return `+[${inText ? show(op.insert) : op.insert.map(show).join(',')}]${showAttributes(op)}`
    })
    .join(' ')
}

// Yjs deletes marks when somebody looks at the delta of a formatted text, and then differs from what
// it would be unobserved: here it only believes so while it looks.
export function deltaOf(event) {
  const { prototype } = Y.Item
  const real = prototype.delete
  const gone = []
  prototype.delete = function () {
    this.markDeleted()
    gone.push(this)
  }
  try {
    return event.changes.delta
  } finally {
    prototype.delete = real
    for (const item of gone) item.deleted = false
  }
}

const showEvent = event =>
  `${pathOf(event.path)}|${shared(event.target)}|${showKeys(event)}|${showDelta(deltaOf(event), event.target instanceof Y.Text)}`

const showDocuments = documents => [...documents].map(showDocument).sort().join(',')

export class EventLog {
  constructor(doc, roots) {
    this.told = []
    // Yjs tells a removal again when it has taken the instance down, and as loaded also whatever the
    // same transaction has deleted; Ropewalk does so unless it has been collected. Here neither.
    const gone = new WeakSet()
    doc.on('subdocs', ({ added, removed, ...asked }) => {
      const loaded = [...asked.loaded].filter(document => doc.subdocs.has(document))
      const again = added.size + loaded.length === 0 && [...removed].every(document => gone.has(document))
      for (const document of removed) gone.add(document)
      if (!again) this.told.push(`@documents ${[added, removed, loaded].map(showDocuments).join(' ')}`)
    })
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
  const [a, b] = [yjs, ropewalk].map(roots => JSON.stringify([...roots]))
  if (a !== b) throw new Difference('events', firstDifference(a, b, `Yjs ${name}`, `Ropewalk ${name}`))
}
