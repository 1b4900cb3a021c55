// What observers are told, in the notation of the fixtures.
import * as Y from 'yjs'
import { compare, show } from './compare.mjs'
import { fromDelta, kindOf, read } from './content.mjs'

export class EventLog {
  #told = []

  observe(root, type) {
    type.observeDeep(events => this.#told.push({ root, events: events.map(fromEvent) }))
  }

  take() {
    return this.#told.splice(0)
  }
}

// As long as the observer is called: what was inserted shows its content of then.
function fromEvent(event) {
  const { keys, delta } = event.changes
  const isText = event.target instanceof Y.Text
  return {
    path: event.path,
    type: kindOf(event.target),
    ...(keys.size > 0 && { keys: [...keys].map(([key, change]) => [key, fromChange(change)]) }),
    ...(delta.length > 0 && { delta: isText ? fromDelta(delta) : delta.map(fromListOp) }),
  }
}

function fromChange({ action, oldValue }) {
  if (action === 'add') return { action }
  const kind = kindOf(oldValue)
  return { action, old: kind === null ? read(oldValue) : { $type: kind } }
}

const fromListOp = ({ insert, ...counts }) => ({ ...counts, ...(insert && { insert: insert.map(read) }) })

// Per root, the events of each commit, as a set keyed by path.
export function compareEvents(expected, got) {
  const [theirs, ours] = [expected, got].map(byRoot)
  for (const root of [...new Set([...theirs.keys(), ...ours.keys()])].sort()) {
    const [commits, told] = [theirs.get(root) ?? [], ours.get(root) ?? []]
    const alike = commits.length === told.length && commits.every((events, i) => events.length === told[i].length)
    if (!alike) return { where: root, expected: show(commits, 400), got: show(told, 400) }
    for (const [i, events] of commits.entries()) {
      const difference = compare(byPath(events), byPath(told[i]), root)
      if (difference) return difference
    }
  }
  return null
}

function byRoot(commits) {
  const roots = new Map()
  for (const { root, events } of commits) roots.set(root, [...(roots.get(root) ?? []), events])
  return roots
}

const byPath = events => Object.fromEntries(events.map(event => [show(event.path, 1000), event]))
