// The workloads of crdt-benchmarks, written from their description: what is edited, by how many, and
// what is measured.
//
//   B1   one client edits and sends each change to another, which applies it
//   B2   two clients begin with the same 100 characters, edit in one transaction each and exchange
//        the updates
//   B3   20 * sqrt(N) clients make one change each, and one of them applies all
//   B4   the recording, one transaction a keystroke
import { Random } from './random.mjs'
import { readRecording } from './recording.mjs'
import { replicaOf } from './replicas.mjs'
import { cpuMs } from './timing.mjs'

// The best of several runs in one process, as the originals follow one another in one.
const kRuns = 5
const kLongMs = 1_500

// As long in an update as one that is drawn, and the same for all.
const clientOf = i => Math.imul(i + 1, 0x9e3779b1) >>> 0
// Of one that writes nothing.
const kReader = clientOf(1_000_000)

const kShortestWord = 3
const kLongestWord = 9

// What one call does. Positions are drawn before anything is timed.
const textStep = (at, deleted, inserted) => replica => {
  if (deleted) replica.deleteText(at, deleted)
  if (inserted) replica.insertText(at, inserted)
}
const arrayStep = (at, values) => replica => replica.insertArray(at, values)

// Within what everybody writes as an integer.
const number = random => random.below(2 ** 31)

const steps = (count, make) => Array.from({ length: count }, (_, i) => make(i))

const kOneWriter = {
  'B1.1': ['append N characters', (n, r) => steps(n, i => textStep(i, 0, r.letter()))],
  'B1.2': ['insert a string of length N', (n, r) => [textStep(0, 0, r.letters(n))]],
  'B1.3': ['prepend N characters', (n, r) => steps(n, () => textStep(0, 0, r.letter()))],
  'B1.4': ['insert N characters at random positions', (n, r) => randomInserts(n, r, 1, 1)],
  'B1.5': [
    'insert N words at random positions',
    (n, r) => randomInserts(n, r, kShortestWord, kLongestWord),
  ],
  'B1.6': [
    'insert a string, then delete it',
    (n, r) => [textStep(0, 0, r.letters(n)), textStep(0, n, '')],
  ],
  'B1.7': ['insert and delete strings at random positions', (n, r) => randomEdits(n, r)],
  'B1.8': ['append N numbers', (n, r) => steps(n, i => arrayStep(i, [number(r)]))],
  'B1.9': ['insert an array of N numbers', (n, r) => [arrayStep(0, steps(n, () => number(r)))]],
  'B1.10': ['prepend N numbers', (n, r) => steps(n, () => arrayStep(0, [number(r)]))],
  'B1.11': [
    'insert N numbers at random positions',
    (n, r) => steps(n, i => arrayStep(r.below(i + 1), [number(r)])),
  ],
}

const kTwoWriters = {
  'B2.1': ['a string of length N each at the start', (n, r) => [textStep(0, 0, r.letters(n))]],
  'B2.2': ['N characters each at random positions', (n, r, l) => randomInserts(n, r, 1, 1, l)],
  'B2.3': [
    'N words each at random positions',
    (n, r, length) => randomInserts(n, r, kShortestWord, kLongestWord, length),
  ],
  'B2.4': ['N insertions and deletions each', (n, r, length) => randomEdits(n, r, length)],
}

const kManyWriters = {
  'B3.1': ['set a number in a map', i => replica => replica.setMap('value', i)],
  'B3.2': [
    'set an object in a map',
    i => replica => replica.setMap('value', { name: `client ${i}`, address: 'here' }),
  ],
  'B3.3': ['set a string in a map', i => replica => replica.setMap('value', `client ${i} was here`)],
  'B3.4': ['insert a string in an array', i => arrayStep(0, [`client ${i} was here`])],
  'B3.5': ['insert a word in a text', i => textStep(0, 0, `client ${i} `)],
}

const kRecorded = { B4: ['the recording', 1], B4x100: ['the recording, 100 times', 100] }

function randomInserts(count, random, shortest, longest, length = 0) {
  return steps(count, () => {
    const word = random.word(shortest, longest)
    const at = random.below(length + 1)
    length += word.length
    return textStep(at, 0, word)
  })
}

function randomEdits(count, random, length = 0) {
  return steps(count, () => {
    const word = random.word(kShortestWord, kLongestWord)
    const at = random.below(length + 1)
    const deleted = Math.min(length - at, word.length)
    if (deleted === 0 || random.below(2) === 0) {
      length += word.length
      return textStep(at, 0, word)
    }
    length -= deleted
    return textStep(at, deleted, '')
  })
}

// One run of each kind: {ms, updates, replica}, the replica in the state that is to be saved.

function oneWriter(Replica, changes) {
  const updates = []
  const reader = new Replica(kReader)
  const writer = new Replica(clientOf(0), update => {
    updates.push(update)
    reader.apply(update)
  })
  const { ms } = cpuMs(() => {
    for (const change of changes) change(writer)
  })
  return { ms, updates, replica: writer, twin: reader }
}

function twoWriters(Replica, start, changesOfEach) {
  const updates = []
  const replicas = changesOfEach.map(
    (_, i) => new Replica(clientOf(i), update => updates.push(update)),
  )
  replicas[0].insertText(0, start)
  replicas[1].apply(updates[0])
  updates.length = 0
  const { ms } = cpuMs(() => {
    replicas.forEach((replica, i) => {
      replica.transact(() => {
        for (const change of changesOfEach[i]) change(replica)
      })
    })
    const [first, second] = updates
    replicas[0].apply(second)
    replicas[1].apply(first)
  })
  updates.length = 2
  return { ms, updates, replica: replicas[0], twin: replicas[1] }
}

function manyWriters(Replica, changes) {
  const updates = []
  const replicas = changes.map((_, i) => new Replica(clientOf(i), update => updates.push(update)))
  const [reader] = replicas
  const { ms } = cpuMs(() => {
    changes.forEach((change, i) => change(replicas[i]))
    const sent = updates.slice(1)
    for (const update of sent) reader.apply(update)
  })
  updates.length = changes.length
  return { ms, updates, replica: reader }
}

function recorded(Replica, edits, times) {
  let count = 0
  let bytes = 0
  const replica = new Replica(clientOf(0), update => {
    count++
    bytes += update.length
  })
  const { ms } = cpuMs(() => {
    for (let i = 0; i < times; i++) {
      for (const { position, deleted, inserted } of edits) {
        if (deleted) replica.deleteText(position, deleted)
        if (inserted) replica.insertText(position, inserted)
      }
    }
  })
  return { ms, count, bytes, replica }
}

// What is measured of it.

// Maps have no order.
const contentOf = read =>
  JSON.stringify(read, (_, value) =>
    Object.prototype.toString.call(value) === '[object Object]'
      ? Object.fromEntries(Object.entries(value).sort())
      : value,
  )

async function measured(name, run) {
  const Replica = await replicaOf(name)
  const best = { time: Infinity, encodeTime: Infinity, parseTime: Infinity }
  const keepLeast = values => {
    for (const [key, value] of Object.entries(values)) best[key] = Math.min(best[key], value)
  }
  let stored, content
  let spent = 0
  for (let i = 0; i < kRuns && spent < kLongMs; i++) {
    const { ms, updates, count, bytes, replica, twin } = run(Replica)
    const encoding = cpuMs(() => replica.encode())
    keepLeast({ time: ms, encodeTime: encoding.ms })
    spent += ms
    if (i > 0) continue
    stored = encoding.result
    content = contentOf(replica.read())
    if (twin && contentOf(twin.read()) !== content) throw new Error(`${name}: the replicas differ`)
    best.docSize = stored.length
    best.avgUpdateSize = updates
      ? updates.reduce((sum, update) => sum + update.length, 0) / updates.length
      : bytes / count
  }
  spent = 0
  globalThis.gc?.()
  const before = process.memoryUsage.rss()
  for (let i = 0; i < kRuns && spent < kLongMs; i++) {
    const replica = new Replica(kReader)
    const parsing = cpuMs(() => {
      replica.apply(stored)
      return replica.read()
    })
    keepLeast({ parseTime: parsing.ms })
    spent += parsing.ms
    if (i > 0) continue
    if (contentOf(parsing.result) !== content) throw new Error(`${name}: what was saved opens otherwise`)
    globalThis.gc?.()
    best.memUsed = Math.max(0, process.memoryUsage.rss() - before)
  }
  return { ...best, content }
}

/// id -> {title, isLong, measure(contestant, N)}. Contents are compared between the contestants.
export const kRows = {}

for (const [id, [title, makeSteps]] of Object.entries(kOneWriter)) {
  kRows[id] = {
    title,
    measure: (name, n) => {
      const changes = makeSteps(n, new Random(1))
      return measured(name, Replica => oneWriter(Replica, changes))
    },
  }
}

for (const [id, [title, makeSteps]] of Object.entries(kTwoWriters)) {
  kRows[id] = {
    title,
    measure: (name, n) => {
      const start = new Random(0).letters(100)
      const changesOfEach = [1, 2].map(seed => makeSteps(n, new Random(seed), start.length))
      return measured(name, Replica => twoWriters(Replica, start, changesOfEach))
    },
  }
}

for (const [id, [title, makeChange]] of Object.entries(kManyWriters)) {
  kRows[id] = {
    title,
    measure: (name, n) => {
      const changes = steps(Math.round(Math.sqrt(n)) * 20, makeChange)
      return measured(name, Replica => manyWriters(Replica, changes))
    },
  }
}

for (const [id, [title, times]] of Object.entries(kRecorded)) {
  kRows[id] = {
    title,
    isLong: times > 1,
    measure: (name, n, keystrokes) => {
      const { edits } = readRecording(keystrokes)
      return measured(name, Replica => recorded(Replica, edits, times))
    },
  }
}
