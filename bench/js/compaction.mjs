// compaction.mjs FOLDER: real Yjs, with collection on, loads what bench/figures/compaction.cpp has
// written there: `history`, `compacted` and `renumbered`, all of which must show `text`. Prints
// `name value`: sizes and CPU times, of each the best of three.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

const load = (path) => createRequire(new URL(path, import.meta.url))('yjs')
// Whichever is installed.
const yjs = () => {
    for (const path of ['./package.json', '../../bindings/wasm/package.json', '../../tests/differential/package.json']) {
        try {
            return load(path)
        } catch (error) {
            if (error.code !== 'MODULE_NOT_FOUND') throw error
        }
    }
    throw new Error('Yjs is not installed: npm --prefix tests/differential ci')
}

const Y = yjs()
const folder = process.argv[2]
const read = (name) => readFileSync(join(folder, name))
const text = read('text').toString()

const timed = (update, apply) => {
    let best = Infinity
    let doc = null
    for (let turn = 0; turn < 3; turn++) {
        doc = new Y.Doc()
        const begin = process.cpuUsage()
        apply(doc, update)
        const used = process.cpuUsage(begin)
        best = Math.min(best, (used.user + used.system) / 1000)
    }
    if (doc.getText('t').toString() !== text || doc.store.pendingStructs !== null) {
        throw new Error('Yjs shows something else')
    }
    return [doc, best]
}

const [whole] = timed(read('history'), Y.applyUpdate)
const v2 = Y.encodeStateAsUpdateV2(whole)
console.log('v1_bytes', Y.encodeStateAsUpdate(whole).length)
console.log('v2_bytes', v2.length)
const [, own] = timed(v2, Y.applyUpdateV2)
console.log('load_ms', own)
console.log('compacted_load_ms', timed(read('compacted'), Y.applyUpdate)[1])
console.log('renumbered_load_ms', timed(read('renumbered'), Y.applyUpdate)[1])
