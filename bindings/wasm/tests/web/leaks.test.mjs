// The editor as React builds it for development, where StrictMode mounts everything twice: letters come and
// go, and leave nothing behind in the page or on the server.
import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import path from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { launch } from '../support/browser.mjs'
import { build, root } from '../support/paths.mjs'
import { RopewalkServer } from '../support/server.mjs'
import { agree, Person, soon } from './person.mjs'

const site = path.join(build, 'editor-development')
let server, browser

beforeAll(async () => {
  execFileSync('node_modules/.bin/vite', ['build', '--mode', 'development', '--outDir', site, '--emptyOutDir', '--logLevel', 'error'], {
    cwd: path.join(root, 'examples/web/editor'),
    env: { ...process.env, NODE_ENV: 'development' },
  })
  server = await RopewalkServer.start('leaks', 'dev', ['--server-editor', site])
  browser = await launch('--js-flags=--expose-gc')
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})

const letters = 6

test('mounted twice, and from letter to letter: one socket, one presence, nothing that stays', async () => {
  const ann = await Person.open(browser, `${server.url}#leak-0`, 'Ann')
  const ben = await Person.open(browser, `${server.url}#leak-${letters}`, 'Ben')
  await ann.status('synced')
  const sockets = { open: 0 }
  let tokens = 0
  ann.page.on('websocket', (socket) => {
    sockets.open++
    socket.on('close', () => sockets.open--)
  })
  ann.page.on('request', (request) => (tokens += Number(request.url().endsWith('api/dev/token'))))
  await ann.page.reload()
  await ann.status('synced')
  await soon(() => deepEqual({ tokens, sockets: sockets.open }, { tokens: 2, sockets: 1 }, 'StrictMode opens each letter twice'))

  for (let i = 1; i <= letters; i++) {
    await ann.page.evaluate((i) => {
      const { doc, provider, awareness } = window.ropewalk
      ;(window.before ??= []).push(...[doc, provider, awareness].map((thing) => new WeakRef(thing)))
      location.hash = `leak-${i}`
    }, i)
    await ann.page.waitForFunction((i) => window.ropewalk?.id === `leak-${i}` && window.ropewalk.provider.state === 'synced', i)
    await ann.write('letter', `letter ${i}`)
    await soon(() => equal(sockets.open, 1))
  }
  await soon(async () => equal((await agree(ann, ben)).letter, `<paragraph>letter ${letters}</paragraph>`))
  await soon(async () => deepEqual(await ben.page.locator('.people span.name').allTextContents(), ['Ann']))

  // On the server there are two connections, and two presences.
  await soon(async () => {
    const metrics = await (await fetch(`${server.url}metrics`)).text()
    equal(Number(/^ropewalk_connections(?:\{[^}]*\})? (\d+)/m.exec(metrics)?.[1]), 2, metrics.match(/^ropewalk_.*connect.*$/gm)?.join('\n'))
  })

  // React keeps the tree before the present one; all that is older can be collected.
  const kept = async () => {
    await ann.page.evaluate(async () => {
      for (let i = 0; i < 5; i++) {
        await new Promise((later) => setTimeout(later, 20))
        globalThis.gc()
      }
    })
    return ann.page.evaluate(() => window.before.slice(0, -6).filter((thing) => thing.deref() !== undefined).length)
  }
  await soon(async () => equal(await kept(), 0))
  deepEqual([...ann.complaints, ...ben.complaints], [])
  await Promise.all([ann.close(), ben.close()])
})
