// Do programs that are typed against Yjs compile against the package? Strictly, as applications do.
import { copyFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { projectOf } from '../packages/install.mjs'
import { check } from './types.mjs'

const here = dirname(fileURLToPath(import.meta.url))
let passed = 0
let failed = 0

function expectNoErrors(what, engine, name) {
  const project = projectOf(engine)
  const file = join(project, name)
  copyFileSync(join(here, 'types', name), file)
  const errors = check(project, [file], { 'yjs-itself': [join(projectOf('yjs'), 'node_modules/yjs/dist/src/index.d.ts')] })
  if (errors.length === 0) passed++
  else {
    failed++
    console.log([`FAILED ${what}`, ...errors.slice(0, 30).map(line => `    ${line}`)].join('\n'))
  }
}

expectNoErrors('what applications write compiles on Yjs', 'yjs', 'usage.ts')
expectNoErrors('what applications write compiles on Ropewalk', 'ropewalk', 'usage.ts')
expectNoErrors('bytes, plain data and names are the same', 'ropewalk', 'exchange.ts')
expectNoErrors('what is stored is typed', 'ropewalk', 'stored.ts')
console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
