// What tests import from vitest, for a page of a browser: the same names, the same expectations.
import {
  ASYMMETRIC_MATCHERS_OBJECT,
  JestAsymmetricMatchers,
  JestChaiExpect,
  JestExtend,
} from '@vitest/expect'
import * as chai from 'chai'

chai.use(JestExtend)
chai.use(JestChaiExpect)
chai.use(JestAsymmetricMatchers)
export const expect = Object.assign((value, message) => chai.expect(value, message), chai.expect)
Object.assign(expect, globalThis[ASYMMETRIC_MATCHERS_OBJECT])

const root = { name: '', before: [], after: [], beforeAll: [], afterAll: [], parent: null }
let suite = root
const tests = []

export function describe(name, body) {
  suite = { name, before: [], after: [], beforeAll: [], afterAll: [], parent: suite }
  body()
  suite = suite.parent
}
describe.each = (cases) => (name, body) => {
  for (const one of cases) describe(format(name, one), () => body(...[one].flat()))
}
describe.skip = () => {}

export function test(name, ...rest) {
  tests.push({ name, body: rest.find((part) => typeof part === 'function'), suite })
}
test.each = (cases) => (name, body) => {
  for (const one of cases) test(format(name, one), () => body(...[one].flat()))
}
test.skip = () => {}
test.skipIf = (skip) => (skip ? test.skip : test)
test.runIf = (run) => (run ? test : test.skip)
export const it = test

export const beforeEach = (hook) => suite.before.push(hook)
export const afterEach = (hook) => suite.after.push(hook)
export const beforeAll = (hook) => suite.beforeAll.push(hook)
export const afterAll = (hook) => suite.afterAll.push(hook)

// `%s` and the like, and `$name` of an object.
function format(name, values) {
  const list = [values].flat()
  return name
    .replace(/\$(\w+)/g, (all, key) => (list[0] && key in Object(list[0]) ? list[0][key] : all))
    .replace(/%[sdijo]/g, () => String(list.shift()))
}

const pathOf = (suite) => (suite ? [...pathOf(suite.parent), suite] : [])

/** Runs them all, in order; answers their names and what went wrong. */
export async function run() {
  const results = []
  const started = new Set()
  for (const { name, body, suite } of tests) {
    const path = pathOf(suite)
    const result = { name: [...path.map((one) => one.name), name].filter(Boolean).join(' > ') }
    try {
      for (const one of path) {
        if (started.has(one)) continue
        started.add(one)
        for (const hook of one.beforeAll) await hook()
      }
      for (const one of path) for (const hook of one.before) await hook()
      try {
        await body({ expect })
      } finally {
        for (const one of path.reverse()) for (const hook of one.after) await hook()
      }
    } catch (error) {
      result.error = `${error?.stack ?? error}`
    }
    results.push(result)
  }
  for (const one of started) for (const hook of one.afterAll) await hook()
  return results
}
