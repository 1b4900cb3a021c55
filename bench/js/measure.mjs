// One measurement in a process of its own: race.mjs starts it, hands it a job and takes the answer.
import { makeContestant } from './contestants/index.mjs'
import { readRecording } from './recording.mjs'
import { kRows } from './rows.mjs'
import { cpuMs } from './timing.mjs'
import { kWorkloads } from './workloads.mjs'

// Runs after the first show what is left when everything is compiled, as long as they are cheap.
const kRuns = 6
const kLongMs = 1_500

async function measureWorkload({ contestant: name, workload, keystrokes, folder }) {
  const recording = readRecording(keystrokes)
  const contestant = await makeContestant(name)
  const { setUp, run, check } = await kWorkloads[workload](contestant, recording, folder)
  const timed = () => {
    const needed = setUp()
    return cpuMs(() => run(needed))
  }
  let { ms: first, result } = timed()
  const right = check(result)
  result = undefined
  let best = first
  for (let i = 1, spent = first; i < kRuns && spent < kLongMs; i++) {
    const { ms } = timed()
    best = Math.min(best, ms)
    spent += ms
  }
  return { first, best, right }
}

process.once('message', async job => {
  const answer = await (job.row
    ? kRows[job.row].measure(job.contestant, job.size, job.keystrokes)
    : measureWorkload(job))
  process.send(answer, () => process.disconnect())
})
