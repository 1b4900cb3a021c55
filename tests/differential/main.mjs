// node main.mjs SEEDS FIRST PEER: runs the histories of seeds FIRST .. FIRST + SEEDS - 1.
import { Difference } from './compare.mjs'
import { makeHistory } from './history.mjs'
import { minimise } from './minimise.mjs'
import { Peer, PeerGone } from './peer.mjs'
import { runHistory } from './run.mjs'

// Histories under way at a time: enough that lines travel in batches.
const kAtOnce = 48
// A broken engine fails everywhere; a few small cases say more than a thousand.
const kToMinimise = 5
const kToList = 50

const [seeds = 2000, first = 1] = process.argv.slice(2, 4).map(Number)
const path = process.argv[4]
if (!Number.isSafeInteger(seeds) || !Number.isSafeInteger(first) || !path) {
  console.error('usage: main.mjs SEEDS FIRST_SEED PEER')
  process.exit(2)
}

// A history takes milliseconds; a peer that is silent for longer hangs. The first wait is generous
// because many histories share it and the machine may be busy.
const kPatienceMs = 30_000
const kPatienceAloneMs = 5_000

let peer = new Peer(path, kPatienceMs)
let starts = 1
const livingPeer = patience => {
  if (peer.gone) {
    peer = new Peer(path, patience)
    starts++
  }
  return peer
}

// Alone, so that a peer that dies dies of this history.
async function runAlone(history, trace) {
  try {
    return await runHistory(history, livingPeer(kPatienceAloneMs), trace)
  } catch (error) {
    if (error instanceof PeerGone) return new Difference('gone', error.message)
    throw error
  }
}

const failures = []
const orphans = []
let next = first

async function worker() {
  while (next < first + seeds) {
    const seed = next++
    try {
      const difference = await runHistory(makeHistory(seed), livingPeer(kPatienceMs))
      if (difference) failures.push({ seed, difference })
    } catch (error) {
      if (!(error instanceof PeerGone)) throw new Error(`seed ${seed}: ${error.stack}`)
      orphans.push(seed)
      // A peer that cannot even start would be started for ever.
      if (starts > 20) next = first + seeds
    }
  }
}

async function explain({ seed, difference }) {
  const history = makeHistory(seed)
  const fails = async changed => (await runAlone(changed))?.kind === difference.kind
  const small = await minimise(history, fails)
  const trace = []
  const last = (await runAlone(small, trace)) ?? difference
  console.log(`seed ${seed} differs (${difference.kind}): ${difference.message}`)
  console.log(`  minimised (gc ${small.gc}), it differs (${last.kind}): ${last.message}`)
  for (const line of trace) console.log(`    ${line}`)
  console.log(`  replay: tests/differential/run.sh 1 ${seed}`)
}

const began = Date.now()
await Promise.all(Array.from({ length: Math.min(kAtOnce, seeds) }, worker))
for (const seed of orphans.sort((a, b) => a - b)) {
  const difference = await runAlone(makeHistory(seed))
  if (difference) failures.push({ seed, difference })
}
failures.sort((a, b) => a.seed - b.seed)
for (const failure of failures.slice(0, kToMinimise)) await explain(failure)
for (const { seed, difference } of failures.slice(kToMinimise, kToList)) {
  console.log(`seed ${seed} differs (${difference.kind}); replay: tests/differential/run.sh 1 ${seed}`)
}
if (failures.length > kToList) console.log(`and ${failures.length - kToList} more`)
peer.close()
console.log(`in ${((Date.now() - began) / 1000).toFixed(1)} s`)
console.log(`${seeds} seeds, ${failures.length} differ`)
process.exitCode = failures.length > 0 ? 1 : 0
