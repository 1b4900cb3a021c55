// Lists what the installed Yjs offers and what of it the package lacks, name by name: exports, members of
// their classes, and what real instances carry; then the same of the declared types.
//
//     node list.mjs [--all]     --all: also what is there
//
// Names that begin with an underscore, and those of classes without an exported name, are internals: the
// editors' bindings reach for some of them. They are counted apart.
import { load } from '../support/engines.mjs'
import { projectOf } from '../packages/install.mjs'
import { kDeviations, kInternals } from './deviations.mjs'
import { declaredMembers } from './types.mjs'

const isInternal = (name, exported) => /[#.]_/.test(name) || !exported.has(name.split(/[#.]/)[0])

async function offered(engine) {
  const { members } = await load(engine, import.meta.url)('./members.mjs')
  return members()
}

// What is different, or null. What an instance has may be kept in another way, as long as it is there.
function difference(theirs, ours) {
  if (!ours) return 'missing'
  if (theirs.kind === ours.kind) return null
  const isSomewhere = kind => kind === 'nothing' || kind.startsWith('accessor')
  if ((theirs.value || ours.value) && (isSomewhere(theirs.kind) || isSomewhere(ours.kind))) return null
  return `${ours.kind}, in Yjs ${theirs.kind}`
}

const [theirs, ours] = [await offered('yjs'), await offered('ropewalk')]
const [declaredTheirs, declaredOurs] = ['yjs', 'ropewalk'].map(engine => declaredMembers(projectOf(engine)))
const exported = new Set([...theirs.keys()].filter(name => !/[#.]/.test(name)))

// [name, what is different]
const found = new Map()
for (const [name, kind] of theirs) {
  const what = difference(kind, ours.get(name))
  if (what) found.set(name, what)
}
for (const [name, kind] of declaredTheirs) {
  if (!found.has(name) && declaredOurs.get(name) !== kind) found.set(name, `not declared as a ${kind}`)
}

const counts = { public: 0, internal: 0, listed: 0 }
const met = new Set()
let failed = 0
for (const [name, what] of [...found].sort()) {
  const internal = isInternal(name, exported)
  const reason = kDeviations[name] ?? kInternals[name.split('#')[1]]
  if (reason) {
    counts.listed++
    met.add(name).add(name.split('#')[1])
    if (!internal) console.log(`deviates ${name} (${what}): ${reason}`)
    continue
  }
  counts[internal ? 'internal' : 'public']++
  failed++
  console.log(`${internal ? 'internal' : 'FAILED'} ${name}: ${what}`)
}
for (const name of [...Object.keys(kDeviations), ...Object.keys(kInternals)]) {
  if (met.has(name)) continue
  failed++
  console.log(`FAILED ${name} is listed as a deviation and is none`)
}
if (process.argv.includes('--all')) {
  for (const [name, { kind }] of theirs) if (!found.has(name)) console.log(`there ${name}: ${kind}`)
}
const all = new Set([...theirs.keys(), ...declaredTheirs.keys()]).size
console.log(`js.api_missing ${counts.public}`)
console.log(`js.internals_missing ${counts.internal}`)
console.log(`${all - found.size + counts.listed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
