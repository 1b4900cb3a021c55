// Comparing a document with an expected state.
import { compare, show } from './compare.mjs'
import { compareStates, updateIn } from './updates.mjs'
import { blob, withWholePairs } from './values.mjs'

// Level 1 of what the state has and, unless `bytes` is false, level 3 of what bytes it has. `alike` makes
// of two values that may differ on purpose equal ones; where it is needed, `deviate` is called.
export function compareState(where, expected, replica, found, { bytes = true, alike = null, deviate = () => {} } = {}) {
  const { v1, v2, pendingMissing: theirMissing = [], ...theirs } = expected
  const { pendingMissing: ourMissing = [], ...ours } = replica.state()
  compareMissing(where, theirMissing, ourMissing, theirs.pendingDeletes ?? [], found, deviate)
  if (theirs.strings) ours.strings = withoutHooks(theirs.strings, ours.strings)
  if (theirs.roots) theirs.roots = withoutUnused(theirs.roots, ours.roots)
  for (const part of ['roots', 'strings']) if (!(part in theirs)) delete ours[part]
  const difference = compareAlike(theirs, ours, where, alike, deviate)
  if (difference) found.push(difference)
  if (!bytes) return
  for (const [format, recorded] of Object.entries({ v1, v2 })) {
    if (recorded === undefined) continue
    const isV2 = format === 'v2'
    compareStates(`${where}.${format}`, replica.gc, updateIn(isV2, blob(recorded)), updateIn(isV2, replica.encode(isV2)), found)
  }
}

export function compareAlike(expected, got, where, alike, deviate) {
  const strict = compare(expected, got, where)
  if (!strict || !alike || compare(alike(expected), alike(got))) return strict
  deviate()
  return null
}

// What waits shows in the bytes, and deletes that wait are compared as they are. Which clients lack
// something may be told differently: Yjs names a clock that it met and lacked, which need not be the first
// one, and keeps a client whose gap has been filled by what waits itself; we name the first clock of each
// client that still lacks one, and also where only deletes wait.
function compareMissing(where, expected, got, pendingDeletes, found, deviate) {
  if (!compare(expected, got)) return
  const [lacked, deleted, named] = [expected, pendingDeletes, got].map(pairs => new Map(pairs))
  const good = got.every(([client, clock]) => (lacked.has(client) ? clock <= lacked.get(client) : deleted.has(client)))
  const structsWait = got.some(([client]) => lacked.has(client))
  if (good && structsWait === lacked.size > 0) deviate('pendingMissing')
  else found.push({ where: `${where}.pendingMissing`, expected: show(expected), got: show([...named]) })
}

// Yjs makes a root even for a parent that only known items name.
const withoutUnused = (theirs, ours) =>
  Object.fromEntries(
    Object.entries(theirs).filter(([name, root]) => root.$type !== 'undefined' || name in ours || withWholePairs(name) in ours),
  )

// No string was recorded of what holds a hook.
const withoutHooks = (theirs, ours) =>
  Object.fromEntries(Object.entries(ours).filter(([name, text]) => name in theirs || !text.includes('[object Object]')))
