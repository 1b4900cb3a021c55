// Files that go from one language to the other, and the examples that keep notes in them.
import { deepEqual, equal, match } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, test } from 'vitest'
import { complaints, launch, serve } from '../support/browser.mjs'
import { build, root } from '../support/paths.mjs'

const dist = path.join(root, 'build/npm/ropewalk')
const require = createRequire(import.meta.url)
const { open, verify } = require(path.join(dist, 'dist/storage.cjs'))

let folder
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'ropewalk-files-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const python = (code, ...args) =>
  execFileSync(path.join(root, 'build/venv/server/bin/python'), ['-c', code, ...args], { encoding: 'utf8' })

test('a file is written by JavaScript and Python in turns', async () => {
  const where = path.join(folder, 'both.rope')
  const first = await open(where)
  const doc = await first.load()
  doc.getText('t').insert(0, 'JavaScript, ')
  doc.getMap('m').set('made', { by: ['JavaScript', 1, null, true] })
  await first.saved()
  // The lock is one for both.
  const locked = `import ropewalk, sys
try:
    ropewalk.open(sys.argv[1])
except BlockingIOError:
    print("in use")`
  equal(python(locked, where), 'in use\n')
  await first.compact()
  equal(python(locked, where), 'in use\n')
  doc.getText('t').insert(12, 'wörds ☂ ')
  await first.close()

  const edit = `import ropewalk, sys
from ropewalk import Map, Text
with ropewalk.open(sys.argv[1]) as file:
    assert not file.report["findings"] and file.report["closed"], file.report
    text = file.doc.get("t", type=Text)
    print(str(text), file.doc.get("m", type=Map)["made"])
    text += "Python"
    file.compact()
    text += "!"`
  equal(python(edit, where), "JavaScript, wörds ☂  {'by': ['JavaScript', 1, None, True]}\n")

  const again = await open(where)
  deepEqual(again.report.findings, [])
  equal(await again.text('t'), 'JavaScript, wörds ☂ Python!')
  await again.compact()
  await again.close()
  const state = JSON.parse(execFileSync(path.join(root, 'build/venv/server/bin/python'), ['-m', 'ropewalk', 'verify', '--json', where], { encoding: 'utf8' }))
  deepEqual([state.findings, state.generation], [[], (await verify(where)).generation])
})

test('and Python holds the lock against JavaScript', async () => {
  const where = path.join(folder, 'held.rope')
  const { spawn } = require('node:child_process')
  const holder = spawn(path.join(root, 'build/venv/server/bin/python'), [
    '-c',
    'import ropewalk, sys\nfile = ropewalk.open(sys.argv[1])\nprint("open", flush=True)\nsys.stdin.read()',
    where,
  ])
  await new Promise((opened) => holder.stdout.once('data', opened))
  const code = await open(where).then(() => 'open', (error) => error.code)
  const gone = new Promise((done) => holder.once('close', done))
  holder.stdin.end()
  await gone
  equal(code, 'in_use')
  await (await open(where)).close()
})

test('examples/node: notes in a file', () => {
  const project = path.join(folder, 'node')
  cpSync(path.join(root, 'examples/node'), project, { recursive: true })
  cpSync(dist, path.join(project, 'node_modules/ropewalk'), { recursive: true })
  const notes = (...words) => execFileSync(process.execPath, ['notes.mjs', 'notes.rope', ...words], { cwd: project, encoding: 'utf8' })
  equal(notes('Buy', 'milk'), '')
  equal(notes('Feed the cat'), '')
  equal(notes(), 'Buy milk\nFeed the cat\n')
})

test('examples/web/notes: notes that stay in the browser', async () => {
  const site = path.join(build, 'notes')
  rmSync(site, { recursive: true, force: true })
  mkdirSync(site, { recursive: true })
  cpSync(path.join(root, 'examples/web/notes'), site, { recursive: true })
  const esbuild = require('esbuild')
  await esbuild.build({
    entryPoints: [path.join(site, 'notes.js')],
    outfile: path.join(site, 'notes.js'),
    allowOverwrite: true,
    bundle: true,
    format: 'esm',
    logLevel: 'error',
    alias: { 'ropewalk/storage': path.join(dist, 'dist/storage.mjs') },
  })
  writeFileSync(path.join(site, 'favicon.ico'), '')
  const server = await serve(site)
  const browser = await launch()
  try {
    const context = await browser.newContext()
    const page = await context.newPage()
    const wrong = complaints(page)
    await page.goto(server.url)
    await page.getByText('Saved').waitFor()
    await page.getByLabel('Notes').fill('Remember the milk')
    await page.getByText('Saved', { exact: true }).waitFor()
    const other = await context.newPage()
    await other.goto(server.url)
    await other.getByText('open in another tab').waitFor()
    await other.close()
    // What is left of the page that was there may have the file for a moment.
    for (let text = ''; text !== 'Saved'; text = await page.getByRole('status').textContent()) {
      await page.reload()
      await page.getByText(/Saved|another tab/).waitFor()
    }
    match(await page.getByLabel('Notes').inputValue(), /^Remember the milk$/)
    deepEqual(wrong, [])
  } finally {
    await browser.close()
    await server.close()
  }
})
