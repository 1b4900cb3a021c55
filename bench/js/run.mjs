// ropewalk beside the CRDTs that JavaScript has, in one run.
//
//   run.mjs [--only=PREFIX] [--rounds=5] [--row-rounds=2] [--size=6000] [--keystrokes=N] [--long]
//           [--json=FILE]
//
// Prints tables, then the figures as `id value unit`; progress goes to stderr. --only: figures whose
// id starts so, as replay_one, merge, rows, rows.B1.4, gzip. --long: rows that take minutes, too.
// Ends with 1 if a result was wrong, whatever the times.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { kLazy, kOurs, kPeers } from './contestants/index.mjs'
import { footprint } from './footprint.mjs'
import { measure, race } from './race.mjs'
import { readRecording } from './recording.mjs'
import { kReplicated } from './replicas.mjs'
import { ropewalkFolder } from './ropewalk.mjs'
import { kRows } from './rows.mjs'
import { storedFigures } from './stored.mjs'
import { printTable } from './table.mjs'

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    'row-rounds': { type: 'string', default: '2' },
    size: { type: 'string', default: '6000' },
    keystrokes: { type: 'string', default: 'Infinity' },
    long: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
const only = `js.${options.only.replace(/^js\./, '')}`
const rounds = Number(options.rounds)

const figures = []
const failures = []
const log = line => console.error(line)

const wanted = id => id.startsWith(only) || only.startsWith(id)
const figure = (id, value, unit) => figures.push({ id, value, unit })
const hold = (holds, what) => {
  if (!holds) failures.push(what)
}

// The recording, against everybody.

const kRaces = ['replay_one', 'replay_txn', 'update_make', 'update_apply', 'load', 'encode']
const kLazyRaces = ['load', 'encode']
const kMerged = 40_000

// Milliseconds, and the best peer's over ours: of the best run, and of the first in a new process,
// which also compiles.
function against(id, entries) {
  const [ours, ...others] = entries
  const peers = others.filter(({ name }) => name !== kLazy)
  const least = (of, key) => Math.min(...of.map(entry => entry[key]))
  figure(id, ours.best, 'ms')
  figure(`${id}.vs_best`, least(peers, 'best') / ours.best, 'x')
  figure(`${id}.first`, ours.first, 'ms')
  figure(`${id}.first_vs_best`, least(peers, 'first') / ours.first, 'x')
  const lazy = others.find(({ name }) => name === kLazy)
  if (lazy) figure(`${id}.vs_lazy`, lazy.best / ours.best, 'x')
  for (const { name, wrong } of entries) hold(!wrong, `${id}: ${name} ends otherwise`)
}

const milliseconds = (value, isBound) => `${isBound ? '>= ' : ''}${value.toFixed(value < 10 ? 2 : 0)}`

function raceRows(id, entries, keystrokes) {
  return entries.map(({ name, best, first, isBound, rounds: had, prefix }) => [
    id,
    name,
    milliseconds(best, isBound),
    milliseconds(first, isBound),
    isBound ? `first ${prefix} of ${keystrokes}, scaled` : `best of ${had} processes`,
  ])
}

async function raceAll(folder, keystrokes) {
  const table = [['CPU ms', '', 'best', 'first', '']]
  for (const workload of kRaces) {
    const id = `js.${workload}_ms`
    if (!wanted(id)) continue
    const names = [kOurs, ...kPeers, ...(kLazyRaces.includes(workload) ? [kLazy] : [])]
    const entries = await race({ workload, folder }, names, { rounds, keystrokes, log })
    against(id, entries)
    table.push(...raceRows(id, entries, keystrokes))
  }
  if (wanted('js.merge_40k_ms')) {
    const merging = count =>
      race({ workload: 'merge', folder }, count === kMerged ? [kOurs, 'yjs'] : [kOurs], {
        rounds,
        keystrokes: Math.min(count, keystrokes),
        log,
      })
    const [half] = await merging(kMerged / 2)
    const entries = await merging(kMerged)
    against('js.merge_40k_ms', entries)
    // 1 is linear; 2 would be quadratic.
    figure('js.merge_40k.growth', entries[0].best / half.best / 2, 'x')
    table.push(...raceRows('js.merge_40k_ms', entries, kMerged))
  }
  if (table.length > 1) printTable(table)
}

// The workloads of crdt-benchmarks, against what speaks the protocol of Yjs.

const kTimes = ['time', 'encodeTime', 'parseTime']
const kSizes = ['avgUpdateSize', 'docSize']
// A time is behind if it is this much above that of a peer: less is chance.
const kTolerance = 1.05
const kToleranceMs = 0.05

async function measureRow(row, keystrokes) {
  const size = Number(options.size)
  const best = kReplicated.map(() => ({}))
  for (let round = 0; round < (kRows[row].isLong ? 1 : Number(options['row-rounds'])); round++) {
    for (const [i, contestant] of kReplicated.entries()) {
      log(`${row}: ${contestant}, round ${round + 1}`)
      const answer = await measure({ row, contestant, size, keystrokes })
      for (const [key, value] of Object.entries(answer)) {
        const isLess = typeof value === 'number' && !(best[i][key] <= value)
        if (isLess || typeof value === 'string') best[i][key] = value
      }
    }
  }
  return best
}

const isBehind = (key, ours, theirs) =>
  kSizes.includes(key)
    ? ours > theirs
    : ours > theirs * kTolerance && ours > theirs + kToleranceMs

async function compareRows(keystrokes) {
  const rows = Object.keys(kRows).filter(
    row =>
      wanted(`js.rows.${row}`) && (!kRows[row].isLong || options.long || only === `js.rows.${row}`),
  )
  if (rows.length === 0) return
  const table = [['', '', ...kReplicated, '']]
  let behind = 0
  for (const row of rows) {
    const [ours, ...peers] = await measureRow(row, keystrokes)
    for (const [i, { content }] of peers.entries()) {
      hold(content === ours.content, `${row}: ${kReplicated[i + 1]} ends otherwise`)
    }
    for (const key of [...kTimes, ...kSizes, 'memUsed']) {
      const theirs = Math.min(...peers.map(peer => peer[key]))
      const late = key !== 'memUsed' && isBehind(key, ours[key], theirs)
      if (late) behind++
      const shown = [ours, ...peers].map(entry => show(key, entry[key]))
      table.push([key === 'time' ? `${row} ${kRows[row].title}` : '', key, ...shown, late ? 'BEHIND' : ''])
    }
  }
  printTable(table)
  if (rows.length === Object.values(kRows).filter(({ isLong }) => !isLong || options.long).length) {
    figure('js.rows_behind', behind, 'values')
  }
}

function show(key, value) {
  if (kTimes.includes(key)) return `${value.toFixed(2)} ms`
  if (key === 'memUsed') return `${(value / 1e6).toFixed(1)} MB`
  return `${key === 'docSize' ? value : value.toFixed(1)} B`
}

// What a browser pays.

async function loadPages(folder) {
  const wantsTime = wanted('js.cold_start_ms')
  if (!wanted('js.gzip_kb') && !wantsTime) return
  const pages = join(folder, 'pages')
  const { size, time } = await footprint(pages, { wantsTime, rounds: 3 * rounds, log })
  const cell = value => value?.toFixed(1) ?? '-'
  printTable([
    ['page', 'gzip kB', 'first edit ms', 'more than nothing', 'CPU ms more'],
    ...Object.keys(size).map(name => [
      name,
      cell(size[name]),
      cell(time[name]?.page),
      cell(time[name]?.own),
      cell(time[name]?.cpu),
    ]),
  ])
  figure('js.gzip_kb', size.ropewalk, 'kB')
  figure('js.gzip_kb.slim', size.slim, 'kB')
  if (!wantsTime) return
  for (const [name, suffix] of [['ropewalk', ''], ['slim', '.slim'], ['yjs', '.yjs']]) {
    figure(`js.cold_start_ms${suffix}`, time[name].own, 'ms')
    figure(`js.cold_start_ms${suffix}.cpu`, time[name].cpu, 'ms')
  }
  for (const [name, { page }] of Object.entries(time)) figure(`js.page_ms.${name}`, page, 'ms')
}

// What a stored document costs before something of it is seen.

async function openStored(folder, recording) {
  if (!wanted('js.container_first_paragraph_ms') && !wanted('js.container_bytes_touched')) return
  const { size, places } = await storedFigures(folder, recording, { rounds, log })
  const rows = Object.entries(places)
  printTable([
    ['16 MB stored', 'ms, first in a page', 'ms', 'bytes read', '%'],
    ...rows.map(([name, { first, later, touched }]) => [
      name,
      first.toFixed(1),
      later.toFixed(1),
      String(touched),
      ((100 * touched) / size).toFixed(2),
    ]),
  ])
  // Over HTTP it is the network's time.
  const most = key => Math.max(...rows.filter(([name]) => name !== 'http').map(([, row]) => row[key]))
  figure('js.container_first_paragraph_ms', most('later'), 'ms')
  figure('js.container_first_paragraph_ms.first', most('first'), 'ms')
  figure('js.container_bytes_touched', (100 * most('touched')) / size, '%')
}

ropewalkFolder()
const recording = readRecording(Number(options.keystrokes))
const { name: traces, edits } = recording
if (traces === 'synthetic') {
  log('no recordings: name their folder in ROPEWALK_TRACES; a made-up one is replayed instead')
}
const folder = mkdtempSync(join(tmpdir(), 'ropewalk-bench-'))
try {
  await raceAll(folder, edits.length)
  await compareRows(edits.length)
  await loadPages(folder)
  await openStored(folder, recording)
} finally {
  rmSync(folder, { recursive: true })
}
for (const { id, value, unit } of figures) console.log(`${id} ${Number(value.toPrecision(6))} ${unit}`)
for (const failure of failures) console.error(`WRONG: ${failure}`)
if (options.json) {
  writeFileSync(options.json, `${JSON.stringify({ traces, figures, failures }, null, 2)}\n`)
}
process.exitCode = failures.length > 0 ? 1 : 0
