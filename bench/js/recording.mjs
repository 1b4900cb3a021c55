// What is replayed: automerge-paper, one keystroke a transaction; without it, something made up.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { Random } from './random.mjs'

const kSyntheticKeystrokes = 60_000

// As the other benchmarks look for it: ROPEWALK_TRACES, else beside the repository or further up.
function findFolder() {
  const named = process.env.ROPEWALK_TRACES
  if (named) {
    if (!existsSync(named)) throw new Error(`ROPEWALK_TRACES names no folder: ${named}`)
    return named
  }
  for (let at = process.cwd(); ; at = dirname(at)) {
    const folder = join(at, 'shared', 'data', 'editing-traces')
    if (existsSync(folder)) return folder
    if (at === dirname(at)) return undefined
  }
}

/// {name, edits: [{position, deleted, inserted}], end}; positions count letters, all of them ASCII,
/// so that a library that counts bytes does the same work as one that counts UTF-16.
export function readRecording(keystrokes = Infinity) {
  const folder = findFolder()
  const whole = folder ? recorded(folder, 'automerge-paper') : madeUp(kSyntheticKeystrokes)
  if (keystrokes >= whole.edits.length) return whole
  return { name: whole.name, ...prefixOf(whole.edits, keystrokes) }
}

/// The first of the edits, and the text after them.
export function prefixOf(edits, keystrokes) {
  const prefix = edits.slice(0, keystrokes)
  const letters = []
  for (const { position, deleted, inserted } of prefix) {
    letters.splice(position, deleted, ...inserted)
  }
  return { edits: prefix, end: letters.join('') }
}

function recorded(folder, name) {
  const sequential = join(folder, 'sequential')
  const path = join(existsSync(sequential) ? sequential : folder, `${name}.json.gz`)
  const trace = JSON.parse(gunzipSync(readFileSync(path)))
  const edits = trace.txns.flatMap(({ patches }) =>
    patches.map(([position, deleted, inserted]) => ({ position, deleted, inserted })),
  )
  if (trace.startContent || !/^[\0-\x7f]*$/.test(trace.endContent)) {
    throw new Error(`${name}: not ASCII from an empty start`)
  }
  return { name, edits, end: trace.endContent }
}

// Bursts of typing, corrections, jumps.
function madeUp(keystrokes) {
  const random = new Random(42)
  const edits = []
  let length = 0
  let caret = 0
  while (edits.length < keystrokes) {
    if (random.below(4) === 0) caret = random.below(length + 1)
    for (let left = 1 + random.below(40); left > 0 && edits.length < keystrokes; left--) {
      if (caret > 0 && random.below(4) === 0) {
        edits.push({ position: --caret, deleted: 1, inserted: '' })
        length--
      } else {
        edits.push({ position: caret++, deleted: 0, inserted: random.letter() })
        length++
      }
    }
  }
  return { name: 'synthetic', ...prefixOf(edits, keystrokes) }
}
