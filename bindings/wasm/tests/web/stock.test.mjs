// Providers and editors as their authors ship them, on the server of this tree, in Chromium: random edits,
// cut connections, a server that is killed; all copies equal, and equal to what the store has.
import { deepEqual, ok } from 'node:assert/strict'
import path from 'node:path'
import { afterAll, beforeAll, describe, test } from 'vitest'
import { bundlePage } from '../support/bundle.mjs'
import { complaints, launch, serve } from '../support/browser.mjs'
import { install } from '../support/install.mjs'
import { build, tests } from '../support/paths.mjs'
import { tarball } from '../support/ropewalk.mjs'
import { RopewalkServer } from '../support/server.mjs'
import { soon } from './person.mjs'

const rounds = Number(process.env.WEB_ROUNDS ?? 1)
const site = path.join(build, 'stock')
let server, pages, browser
let rooms = 0

beforeAll(async () => {
  const source = path.join(tests, 'editors/app')
  await bundlePage(install({ source }), path.join(site, 'yjs'), ['src/stock.js'])
  await bundlePage(install({ source, tarball: tarball() }), path.join(site, 'ropewalk'), ['src/stock.js'])
  pages = await serve(site)
  // Pages of another origin may not connect unless they are allowed to.
  server = await RopewalkServer.start('stock', 'none', ['--origins', pages.url])
  browser = await launch()
}, 240_000)
afterAll(async () => {
  await browser?.close()
  await pages?.close()
  await server?.stop()
})

const areas = { tiptap: '.tiptap', codemirror: '.cm-content' }
const people = [
  { name: 'Ann', color: '#c2410c' },
  { name: 'Ben', color: '#1d4ed8' },
  { name: 'Carl', color: '#047857' },
]

class Client {
  static async open(engine, provider, editor, room, person) {
    const context = await browser.newContext({ viewport: { width: 600, height: 400 } })
    const client = new Client()
    client.page = await context.newPage()
    client.complaints = complaints(client.page)
    client.area = client.page.locator(areas[editor])
    const query = new URLSearchParams({ provider, editor, room, server: server.socket, ...person })
    await client.page.goto(`${pages.url}/${engine}/stock.html?${query}`)
    await client.page.locator('body[data-ready=yes]').waitFor({ state: 'attached', timeout: 30_000 })
    return client
  }
  run(action, argument) {
    return this.page.evaluate(`(${action})(window.page, ${JSON.stringify(argument)})`)
  }
  state() {
    return this.run((page) => page.state())
  }
  close() {
    return this.page.context().close()
  }
}

async function agree(clients) {
  let states
  for (let tries = 0; tries < 600; tries++) {
    states = await Promise.all(clients.map((client) => client.state()))
    const [{ shown, value }] = states
    if (states.every((state) => state.synced && state.shown === shown && state.value === value)) return states[0]
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error(`not the same after 30 s:\n${JSON.stringify(states, null, 1)}`)
}

// The engine and the provider of each of two people; what they use is all the server's to reconcile.
const pairs = [
  [['yjs', 'y-websocket'], ['ropewalk', 'y-websocket']],
  [['yjs', 'hocuspocus'], ['ropewalk', 'hocuspocus']],
  [['yjs', 'y-websocket'], ['yjs', 'hocuspocus']],
]

for (const editor of ['tiptap', 'codemirror']) {
  describe(editor, () => {
    for (const pair of pairs) {
      test(pair.map((one) => one.join(' on ')).join(', '), async () => {
        const room = `stock-${++rooms}`
        const join = ([engine, provider], i) => Client.open(engine, provider, editor, room, people[i])
        const both = await Promise.all(pair.map(join))
        const [ann, ben] = both
        try {
          await agree(both)
          await ann.area.focus()
          await ann.page.keyboard.type('Typed by hand. ')
          await soon(async () => ok((await agree(both)).shown.includes('Typed by hand.')))
          await ben.page.waitForFunction(() => window.page.who().join() === 'Ann,Ben')

          for (let round = 0; round < rounds; round++) {
            const edit = () => Promise.all(both.map((client, i) => client.run((page, seed) => page.steps(25, seed), 100 * rooms + 10 * round + i)))
            await edit()
            // One is away while both write.
            await both[round % 2].run((page) => page.offline())
            await edit()
            await both[round % 2].run((page) => page.online())
            await agree(both)
            // And then the server is, for both.
            await edit()
            await server.kill()
            await edit()
            await server.up()
            await agree(both)
          }
          const here = await agree(both)
          const carl = await join(pair[0], 2)
          try {
            await soon(async () => {
              const stored = await agree([...both, carl])
              deepEqual([stored.shown, stored.value], [here.shown, here.value])
            })
          } finally {
            await carl.close()
          }
          const others = both.flatMap((client) => client.complaints).filter((text) => !/ERR_CONNECTION_REFUSED|WebSocket connection to/.test(text))
          deepEqual(others, [])
        } finally {
          await Promise.all(both.map((client) => client.close()))
          // What failed while it was dead is no matter of the tests that follow.
          await server.up()
        }
      })
    }
  })
}
