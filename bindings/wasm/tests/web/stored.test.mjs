// Stock clients that keep a copy in IndexedDB (yjs, y-websocket, y-indexeddb, in Chromium), and documents
// that were replaced while they were away: their copy is never merged a second time, and under a new name
// they go on.
import { deepEqual, equal } from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, test } from 'vitest'
import * as Y from 'yjs'
import { projectOf } from '../packages/install.mjs'
import { bundlePage } from '../support/bundle.mjs'
import { launchAt, serve } from '../support/browser.mjs'
import { build, tests } from '../support/paths.mjs'
import { RopewalkServer } from '../support/server.mjs'

const site = path.join(build, 'stored')
let server, pages

beforeAll(async () => {
  // Among the packages of the project, or it would have a Yjs of its own.
  const project = projectOf('yjs')
  cpSync(path.join(tests, 'web/stored'), path.join(project, 'src'), { recursive: true })
  await bundlePage(project, site)
  pages = await serve(site)
  server = await RopewalkServer.start('stored', 'none', ['--origins', pages.url])
}, 240_000)
afterAll(async () => {
  await pages?.close()
  await server?.stop()
})

class Person {
  static async arrive() {
    const person = new Person()
    person.folder = mkdtempSync(path.join(tmpdir(), 'ropewalk-'))
    person.context = await launchAt(person.folder)
    return person
  }
  async open(room) {
    this.page = await this.context.newPage()
    const query = new URLSearchParams({ room, server: server.socket })
    await this.page.goto(`${pages.url}/page.html?${query}`)
    await this.page.locator('body[data-ready=yes]').waitFor({ state: 'attached', timeout: 30_000 })
  }
  run(action, argument) {
    return this.page.evaluate(`(${action})(window.page, ${JSON.stringify(argument)})`)
  }
  insert(at, what) {
    return this.run((page, [at, what]) => page.insert(at, what), [at, what])
  }
  /** Once it is so; what was seen last, if it never is. */
  async until(holds) {
    let seen
    for (let tries = 0; tries < 600; tries++) {
      seen = await this.run((page) => page.state())
      if (holds(seen)) return seen
      await new Promise((later) => setTimeout(later, 50))
    }
    throw new Error(`not so after 30 s: ${holds}\n${JSON.stringify(seen)}`)
  }
  /** What it has is in its database; then the tab is closed. */
  async closeTab() {
    await this.run((page) => page.stored())
    await this.page.close()
  }
  async leave() {
    await this.context.close()
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 10 })
  }
}

/** A command of `ropewalk docs` on the server's database. */
async function docs(command, ...more) {
  const start = 'import sys; from ropewalk_server.cli import main; sys.exit(main())'
  const words = ['docs', command, '--store', `sqlite:${server.database}`, '--json', ...more]
  const { stdout } = await promisify(execFile)(server.program, ['-c', start, ...words], { env: server.environment })
  return stdout
}

const exported = (room) => path.join(site, `${room}.bin`)
/** What the store has. */
async function stored(room) {
  await docs('export', room, '-o', exported(room))
  const doc = new Y.Doc()
  Y.applyUpdate(doc, readFileSync(exported(room)))
  return doc.getText('text').toString()
}
async function untilStored(room, expected) {
  let found
  for (let tries = 0; tries < 20; tries++) {
    found = await stored(room)
    if (found === expected) return
  }
  equal(found, expected)
}

/** Has written `text`, which another one has got, and then something that nobody has; the tab is closed. */
async function goAway(person, room, text, other, unsent) {
  await person.open(room)
  const { text: before } = await person.until(({ synced }) => synced)
  await person.insert(before.length, text)
  await other.until((seen) => seen.text.length === before.length + text.length)
  await person.run((page) => page.offline())
  await person.insert(before.length + text.length, unsent)
  await person.closeTab()
}

test('a copy from before a reset is not merged, and everybody else has the text once', { timeout: 240_000 }, async () => {
  const room = 'reset'
  const [ann, ben] = await Promise.all([Person.arrive(), Person.arrive()])
  try {
    await ben.open(room)
    await ben.until(({ synced }) => synced)
    await ben.insert(0, 'first, ')
    await untilStored(room, 'first, ')
    const { id } = JSON.parse(await docs('savepoint', room))
    await goAway(ann, room, 'second', ben, ', unsent')
    await ben.page.close()
    await docs('restore', room, '--version', String(id))

    await ann.open(room)
    // Her own copy is as it was, and the server has told her why.
    const seen = await ann.until(({ closes }) => closes.includes(4409))
    deepEqual([seen.kept, seen.text], ['first, second, unsent', 'first, second, unsent'])
    equal(await stored(room), 'first, ')

    const carl = await Person.arrive()
    try {
      await carl.open(room)
      equal((await carl.until(({ synced }) => synced)).text, 'first, ')
      await carl.insert(7, 'then')
      await untilStored(room, 'first, then')
      // Whatever her tab tries meanwhile, nothing of it comes in, and nothing into it.
      equal((await ann.run((page) => page.state())).text, 'first, second, unsent')
      equal((await carl.run((page) => page.state())).text, 'first, then')
    } finally {
      await carl.leave()
    }
  } finally {
    await Promise.all([ann.leave(), ben.leave()])
  }
})

test('a copy from before a renumbering is refused; under a new name the text is there once', { timeout: 240_000 }, async () => {
  const [room, next] = ['renumbered', 'renumbered-b']
  const [ann, ben] = await Promise.all([Person.arrive(), Person.arrive()])
  const options = server.options
  try {
    await ben.open(room)
    await goAway(ann, room, 'one text', ben, ', unsent')
    await ben.closeTab()
    // From now on it is for clients that know epochs.
    await server.stop()
    const config = path.join(site, 'ropewalk.toml')
    writeFileSync(config, `[documents]\nstock = ["${room}=refuse", "*=admit"]\n`)
    server.options = [...options, '--config', config]
    await server.up()
    await docs('renumber', room, '--config', config)

    await ann.open(room)
    const seen = await ann.until(({ closes }) => closes.includes(4410))
    deepEqual([seen.kept, seen.text], ['one text, unsent', 'one text, unsent'])
    equal(await stored(room), 'one text')
    await ann.page.close()

    // Others that know no epochs go on with a document of another name, and so with another database.
    await docs('import', exported(room), '--as', next, '--config', config)
    await Promise.all([ann.open(next), ben.open(next)])
    for (const person of [ann, ben]) {
      equal((await person.until(({ synced, text }) => synced && text !== '')).text, 'one text')
    }
    await ann.insert(8, ', two people')
    await ben.until(({ text }) => text === 'one text, two people')
    equal(await stored(room), 'one text')
  } finally {
    await Promise.all([ann.leave(), ben.leave()])
    server.options = options
  }
})
