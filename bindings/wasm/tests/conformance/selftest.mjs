// Does the runner notice what is wrong? Expectations are spoiled, a case of each family, and faults are
// planted in the package; each must make a case fail that passes without it.
//
//     node selftest.mjs FOLDER
import { load } from '../support/engines.mjs'
import { listFixtures, loadFixtures } from './fixtures.mjs'

const kCasesForFault = 40

const from = load('ropewalk', import.meta.url)
const { runCase } = await from('./suite.mjs')
const { default: faults } = await from('./faults.mjs')

const families = new Map(listFixtures(process.argv[2]).map(path => loadFixtures(path)).map(({ family, cases }) => [family, cases]))
const fails = one => runCase(one).lines.length > 0
let passed = 0
let failed = 0

function expectThat(what, holds) {
  if (holds) passed++
  else {
    failed++
    console.log(`FAILED ${what}`)
  }
}

// What the case expects, changed in one place; null where there is nothing to change.
function spoiled(one) {
  const copy = structuredClone(one)
  const state = copy.expect?.state ?? copy.steps?.findLast(step => step.do === 'check')?.expect.state
  if (state) {
    state.sv.push([77, 1])
    return copy
  }
  if (copy.expect && 'result' in copy.expect) {
    const { result } = copy.expect
    copy.expect.result = typeof result === 'string' ? Buffer.from(`${result}!`).toString('base64') : { spoiled: result }
    return copy
  }
  const step = copy.steps?.find(step => 'states' in (step.expect ?? {}))
  step?.expect.states.push([77, {}])
  return step ? copy : null
}

for (const [family, cases] of families) {
  const one = cases.find(one => one.contract !== 'any' && spoiled(one) && !fails(one))
  expectThat(`${family}: a spoiled case fails`, one && fails(spoiled(one)))
}

for (const { what, family, plant } of faults) {
  const good = families.get(family).slice(0, kCasesForFault).filter(one => !fails(one))
  const remove = plant()
  const noticed = good.some(fails)
  remove()
  expectThat(`${family}: ${what}`, good.length > 0 && noticed && !good.some(fails))
}

console.log(`${passed} passed, ${failed} failed`)
process.exit(failed > 0 ? 1 : 0)
