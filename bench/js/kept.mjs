// What is made once in a run and read by many of its processes: documents and updates in the format
// of each library.
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { makeContestant } from './contestants/index.mjs'

function kept(folder, name, make) {
  const path = join(folder, `${name}.bin`)
  if (!existsSync(path)) {
    writeFileSync(`${path}.part`, make())
    renameSync(`${path}.part`, path)
  }
  return new Uint8Array(readFileSync(path))
}

const makerOf = contestant =>
  contestant.name === contestant.format ? contestant : makeContestant(contestant.format)

/// The document after the edits, saved.
export async function storedDocument(folder, contestant, { edits }) {
  const maker = await makerOf(contestant)
  return kept(folder, `document ${maker.name} ${edits.length}`, () =>
    maker.encode(maker.replayOne(edits)),
  )
}

/// The update of each keystroke.
export async function keystrokeUpdates(folder, contestant, { edits }) {
  const maker = await makerOf(contestant)
  const bytes = kept(folder, `updates ${maker.name} ${edits.length}`, () => {
    const updates = []
    maker.replayEach(edits, update => updates.push(update))
    return pack(updates)
  })
  return unpack(bytes)
}

function pack(updates) {
  const size = updates.reduce((sum, update) => sum + 4 + update.length, 0)
  const bytes = new Uint8Array(size)
  const view = new DataView(bytes.buffer)
  let at = 0
  for (const update of updates) {
    view.setUint32(at, update.length)
    bytes.set(update, at + 4)
    at += 4 + update.length
  }
  return bytes
}

// Each in a buffer of its own, as the network hands them out.
function unpack(bytes) {
  const view = new DataView(bytes.buffer)
  const updates = []
  for (let at = 0; at < bytes.length; ) {
    const length = view.getUint32(at)
    updates.push(bytes.slice(at + 4, at + 4 + length))
    at += 4 + length
  }
  return updates
}
