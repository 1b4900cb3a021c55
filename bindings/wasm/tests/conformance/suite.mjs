// Runs the cases of a file and tells what came of them.
import { runCall } from './calls.mjs'
import { kDeviations } from './deviations.mjs'
import { loadFixtures } from './fixtures.mjs'
import { runMalformed } from './malformed.mjs'
import { runScript } from './script.mjs'

const kColumns = 100

// { name, lines: what differed, deviations }. Never throws: what goes wrong is a failure of the case.
export function runCase(one) {
  const run = 'fn' in one ? runCall : 'steps' in one ? runScript : runMalformed
  try {
    return { name: one.name, ...run(one) }
  } catch (error) {
    return { name: one.name, lines: error.stack.split('\n'), deviations: new Set() }
  }
}

// Empty where the selection leaves nothing.
export function runFile(path, families = [], name = undefined) {
  const { family, cases } = loadFixtures(path)
  const wanted = families.length === 0 || families.includes(family) ? cases : []
  return { family, cases: wanted.filter(one => name === undefined || one.name === name).map(runCase) }
}

function printNames(names) {
  let line = '     '
  names.forEach((name, i) => {
    const word = ` ${name}${i + 1 < names.length ? ',' : ''}`
    if (line.length + word.length > kColumns) {
      console.log(line)
      line = '     '
    }
    line += word
  })
  console.log(line)
}

const failuresIn = cases => cases.filter(one => one.lines.length > 0).length

// The cases that failed and why, deviations, and at the end what passed: every case is replayed, so
// none is skipped. Returns how many failed.
export function printAccount(families) {
  const all = families.flatMap(family => family.cases)
  for (const { name, lines } of all) {
    if (lines.length > 0) console.log([`FAILED ${name}`, ...lines.map(line => `    ${line}`)].join('\n'))
  }
  for (const [key, reason] of Object.entries(kDeviations)) {
    const names = all.filter(one => one.deviations.has(key)).map(one => one.name)
    if (names.length === 0) continue
    console.log(`Differs from Yjs on purpose: ${reason}`)
    printNames(names)
  }
  for (const { family, cases } of families) {
    if (cases.length > 0) console.log(`${family}: ${cases.length - failuresIn(cases)} passed, ${failuresIn(cases)} failed`)
  }
  const failed = failuresIn(all)
  console.log(`${all.length - failed} passed, ${failed} failed`)
  return failed
}
