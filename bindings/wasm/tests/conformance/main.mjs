// Replays a folder of fixtures through the JavaScript package.
//
//     node main.mjs FOLDER [FAMILY...] [--case NAME]
//
// Ends with 0 if no case failed, 1 if one did, 2 if nothing could be replayed. ROPEWALK_JS_MODULE names
// another package than the one in build/npm; `yjs` is Yjs itself.
import { parseArgs } from 'node:util'
import { load } from '../support/engines.mjs'
import { listFixtures } from './fixtures.mjs'

function readArguments() {
  try {
    const { values, positionals } = parseArgs({ options: { case: { type: 'string' } }, allowPositionals: true })
    const [folder, ...families] = positionals
    if (folder) return { folder, families, name: values.case }
  } catch {
    // Said below.
  }
  console.error('usage: main.mjs FOLDER [FAMILY...] [--case NAME]')
  process.exit(2)
}

const { folder, families, name } = readArguments()
const { printAccount, runFile } = await load('ropewalk', import.meta.url)('./suite.mjs')
const results = []
try {
  for (const file of listFixtures(folder)) results.push(await runFile(file, families, name))
} catch (error) {
  console.error(`conformance: ${error.message}`)
  process.exit(2)
}
if (!results.some(family => family.cases.length > 0)) {
  console.error(`conformance: no such case in ${folder}`)
  process.exit(2)
}
const failed = printAccount(results)
// Awareness keeps timers.
process.exit(failed > 0 ? 1 : 0)
