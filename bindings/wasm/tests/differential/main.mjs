// Random histories in Yjs and in the package, in one process: those of tests/differential.
//
//     node main.mjs [SEEDS [FIRST_SEED]]     ends with "N seeds, M differ"
import { load } from '../support/engines.mjs'

// A broken package fails everywhere; a few small cases say more than a thousand.
const kToMinimise = 5
const kToList = 50

const [seeds = 300, first = 1] = process.argv.slice(2).map(Number)
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(first)) {
  console.error('usage: main.mjs [SEEDS [FIRST_SEED]]')
  process.exit(2)
}

const fromYjs = load('yjs', new URL('../../../../tests/differential/', import.meta.url))
const [{ makeHistory }, { runHistory }, { minimise }] = await Promise.all(['./history.mjs', './run.mjs', './minimise.mjs'].map(fromYjs))
const { Peer } = await load('ropewalk', import.meta.url)('./peer.mjs')

const peer = new Peer()
const failures = []
const began = Date.now()
for (let seed = first; seed < first + seeds; seed++) {
  const difference = await runHistory(makeHistory(seed), peer)
  if (difference) failures.push({ seed, difference })
}

for (const { seed, difference } of failures.slice(0, kToMinimise)) {
  const fails = async history => (await runHistory(history, peer))?.kind === difference.kind
  const small = await minimise(makeHistory(seed), fails)
  const trace = []
  const last = (await runHistory(small, peer, trace)) ?? difference
  console.log(`seed ${seed} differs (${difference.kind}): ${difference.message}`)
  console.log(`  minimised (gc ${small.gc}), it differs (${last.kind}): ${last.message}`)
  for (const line of trace) console.log(`    ${line}`)
}
for (const { seed, difference } of failures.slice(kToMinimise, kToList)) console.log(`seed ${seed} differs (${difference.kind})`)
if (failures.length > kToList) console.log(`and ${failures.length - kToList} more`)
if (failures.length > 0) console.log(`replay: node bindings/wasm/tests/differential/main.mjs 1 SEED`)
console.log(`in ${((Date.now() - began) / 1000).toFixed(1)} s`)
console.log(`${seeds} seeds, ${failures.length} differ`)
process.exit(failures.length > 0 ? 1 : 0)
