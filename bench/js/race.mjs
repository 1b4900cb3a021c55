// Measures contestants in turns, each time in a fresh process, and keeps the best of all rounds.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const kMeasure = fileURLToPath(new URL('measure.mjs', import.meta.url))

// What would take longer for the whole is measured on as much of the beginning as does not, once,
// and scaled: a lower bound, since what is so slow grows faster than its input.
const kLongestMs = 8_000
const kPrefixes = [2_000, 20_000]
// Beyond this, two rounds will do.
const kLongMs = 3_000

export function measure(job) {
  return new Promise((resolve, reject) => {
    const child = fork(kMeasure, {
      execArgv: ['--expose-gc'],
      serialization: 'advanced',
      // What libraries print is not a result.
      stdio: ['ignore', process.stderr, process.stderr, 'ipc'],
    })
    let answer
    child.on('message', message => {
      answer = message
    })
    child.on('error', reject)
    child.on('exit', (code, signal) => {
      if (answer) resolve(answer)
      else reject(new Error(`${JSON.stringify(job)}: the process ended with ${signal ?? code}`))
    })
    child.send(job)
  })
}

/// {name, first, best, rounds, isBound, wrong} for each contestant.
export async function race(job, names, { rounds, keystrokes, log }) {
  const entries = []
  for (const name of names) {
    log(`${job.workload}: ${name}`)
    entries.push(await probe({ ...job, contestant: name }, name, keystrokes))
  }
  for (let round = 0; round < rounds; round++) {
    for (const entry of entries) {
      if (entry.isBound || (entry.first > kLongMs && round >= 2)) continue
      log(`${job.workload}: ${entry.name}, round ${round + 1} of ${rounds}`)
      const answer = await measure({ ...job, contestant: entry.name, keystrokes })
      entry.first = Math.min(entry.first, answer.first)
      entry.best = Math.min(entry.best, answer.best)
      entry.rounds++
      entry.wrong ||= !answer.right
    }
  }
  return entries
}

// How long will it take?
async function probe(job, name, keystrokes) {
  const entry = { name, first: Infinity, best: Infinity, rounds: 0, isBound: false, wrong: false }
  for (const prefix of kPrefixes) {
    if (prefix >= keystrokes) break
    const { first, best, right } = await measure({ ...job, keystrokes: prefix })
    const scale = keystrokes / prefix
    const next = kPrefixes.find(longer => longer > prefix) ?? keystrokes
    // A first run is also one that compiles: only the later ones can be scaled.
    if ((best * next) / prefix > kLongestMs) {
      entry.first = entry.best = best * scale
      entry.isBound = true
      entry.prefix = prefix
      entry.wrong = !right
      return entry
    }
  }
  return entry
}
