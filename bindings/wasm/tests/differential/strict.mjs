// What programs see, call by call: the same histories in Yjs and in the package, nothing left to either.
//
//     node strict.mjs [SEEDS [FIRST_SEED]]     ends with "N seeds, M differ"
import { load } from '../support/engines.mjs'

const kToShow = 5

const [seeds = 300, first = 1] = process.argv.slice(2).map(Number)
const [theirs, ours] = await Promise.all(['yjs', 'ropewalk'].map(engine => load(engine, import.meta.url)('./scenario.mjs')))

// The first line that differs with the ones before it, or null.
function firstDifference(a, b) {
  for (let i = 0; i < Math.max(a.length, b.length); i++) {
    if (a[i] === b[i]) continue
    let at = 0
    while (a[i]?.[at] === b[i]?.[at] && at < (a[i]?.length ?? 0)) at++
    const cut = line => (line === undefined ? 'nothing' : `${at > 60 ? '...' : ''}${line.slice(Math.max(0, at - 60), at + 200)}`)
    return [...a.slice(Math.max(0, i - 6), i).map(line => `  ${line.slice(0, 160)}`), `  Yjs:      ${cut(a[i])}`, `  Ropewalk: ${cut(b[i])}`].join('\n')
  }
  return null
}

function difference(seed) {
  const [a, b] = [theirs.live(seed), ours.live(seed)]
  if (a === null) return null
  const found = firstDifference(a.log, b.log)
  if (found) return found
  for (const [i, state] of a.states.entries()) {
    const shown = [theirs.loaded(seed, state), theirs.loaded(seed, b.states[i]), ours.loaded(seed, state), ours.loaded(seed, b.states[i])]
    const other = shown.find(lines => String(lines) !== String(shown[0]))
    if (other) return `${firstDifference(shown[0], other)}\n  in a state that was loaded`
  }
  return null
}

const failures = []
const began = Date.now()
for (let seed = first; seed < first + seeds; seed++) {
  let found
  try {
    found = difference(seed)
  } catch (error) {
    found = error.stack
  }
  if (!found) continue
  failures.push(seed)
  if (failures.length <= kToShow) console.log(`seed ${seed} differs; replay: node bindings/wasm/tests/differential/strict.mjs 1 ${seed}\n${found}`)
}
if (failures.length > kToShow) console.log(`also: ${failures.slice(kToShow).join(' ')}`)
console.log(`in ${((Date.now() - began) / 1000).toFixed(1)} s`)
console.log(`${seeds} seeds, ${failures.length} differ`)
process.exit(failures.length > 0 ? 1 : 0)
