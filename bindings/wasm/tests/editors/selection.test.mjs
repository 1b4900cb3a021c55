// What a moved cursor costs in a document of 5,000 paragraphs, in the same app on ropewalk and on Yjs.
// Both are measured in turns on one page each; the best round counts, for it was disturbed least.
import { ok } from 'node:assert/strict'
import path from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { bundlePage } from '../support/bundle.mjs'
import { launch, serve } from '../support/browser.mjs'
import { install } from '../support/install.mjs'
import { build, tests } from '../support/paths.mjs'
import { tarball } from '../support/ropewalk.mjs'
import { Side } from './two.mjs'

const source = path.join(tests, 'editors/app')
const site = path.join(build, 'editors')
const rounds = Number(process.env.ROUNDS ?? 40)
const changes = 20

let browser, server
beforeAll(async () => {
  await bundlePage(install({ source }), path.join(site, 'plain'))
  await bundlePage(install({ source, tarball: tarball() }), path.join(site, 'ropewalk'))
  server = await serve(site)
  browser = await launch()
})
afterAll(async () => {
  await browser?.close()
  await server?.close()
})

test('a selection change in 5,000 paragraphs is no slower than with yjs', async () => {
  const best = {}
  const sides = {}
  for (const side of ['ropewalk', 'plain']) {
    const query = { editor: 'tiptap', room: side, name: 'Ann', color: '#c2410c', client: 7, paragraphs: 5_000 }
    const context = await browser.newContext()
    sides[side] = await Side.open(context, `${server.url}/${side}/page.html`, query)
    best[side] = Infinity
  }
  for (let round = 0; round < rounds; round++) {
    for (const [side, { page }] of Object.entries(sides)) {
      const ms = await page.evaluate(`page.selectionChanges(${changes}, ${round})`)
      best[side] = Math.min(best[side], ms / changes)
    }
  }
  for (const { complaints } of Object.values(sides)) ok(!complaints.length, complaints.join('\n'))
  const ratio = best.ropewalk / best.plain
  console.log(`js.tiptap_selection_ms ${best.ropewalk.toFixed(3)} ms, yjs ${best.plain.toFixed(3)} ms`)
  console.log(`js.tiptap_selection.vs_yjs ${ratio.toFixed(2)} x`)
  // Room for what else the machine does; the figure itself is to be at most 1.
  ok(ratio < 1.1, `${ratio.toFixed(2)} times as long as with yjs`)
})
