// Files in Node: locked, synced, killed, and those that Python has written.
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import * as Y from 'ropewalk'
import { file, http, inspect, open, verify, writeContainer } from 'ropewalk/storage'
import { afterAll, beforeAll, expect, test } from 'vitest'

let folder: string
let count = 0
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ropewalk-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const path = (): string => join(folder, `${++count}.rope`)
const textOf = async (where: string): Promise<string> => {
  const opened = await open(where, { readOnly: true })
  try {
    return await opened.text('t')
  } finally {
    await opened.close()
  }
}
const code = (call: Promise<unknown>): Promise<unknown> => call.then(() => null, (error) => error.code)

test('a file has one writer, and as many readers as there are', async () => {
  const where = path()
  const writer = await open(where)
  expect(await code(open(where))).toBe('in_use')
  expect(await code(open(pathToFileURL(where)))).toBe('in_use')
  const doc = await writer.load()
  doc.getText('t').insert(0, 'one')
  await writer.saved()
  expect(await textOf(where)).toBe('one')
  // The new file is locked before it has the name.
  await writer.compact()
  expect(await code(open(where))).toBe('in_use')
  const reader = await open(where, { readOnly: true })
  doc.getText('t').insert(0, 'and ')
  await writer.compact()
  expect(await reader.text('t')).toBe('one')
  await reader.close()
  await writer.close()
  expect(await textOf(where)).toBe('and one')
  await (await open(where)).close()
  expect(readdirSync(folder).filter((name) => name.startsWith(`${count}.rope`))).toEqual([`${count}.rope`, `${count}.rope.previous`])
})

test('errors of the system', async () => {
  expect(await code(open(path(), { create: false }))).toBe('not_found')
  expect(await code(open(path(), { readOnly: true }))).toBe('not_found')
  expect(await code(open(join(folder, 'no/such/folder.rope')))).toBe('not_found')
  expect(await code(open(folder, { readOnly: true }))).toBe('not_permitted')
  const where = path()
  writeFileSync(where, 'Dear Sir')
  expect(await code(open(where))).toBe('not_ours')
  expect(readFileSync(where, 'utf8')).toBe('Dear Sir')
})

test('a tail that a crash has left is set aside', async () => {
  const where = path()
  const first = await open(where)
  ;(await first.load()).getText('t').insert(0, 'kept')
  await first.close()
  appendFileSync(where, 'RWL\x01 half of a record')
  const again = await open(where)
  expect(again.report.findings.map(({ kind }) => kind)).toEqual(['tail'])
  expect(again.report.damaged).toBe(false)
  expect(readFileSync(again.report.setAside as string, 'utf8')).toBe('RWL\x01 half of a record')
  expect(await again.text('t')).toBe('kept')
  await again.close()
  expect((await verify(where)).findings).toEqual([])
})

test('where the snapshot is damaged the file before it leads to the same state', async () => {
  const where = path()
  const first = await open(where)
  const doc = await first.load()
  doc.getText('t').insert(0, 'one ')
  await first.compact()
  doc.getText('t').insert(4, 'two ')
  await first.compact()
  doc.getText('t').insert(8, 'three')
  await first.close()
  const bytes = readFileSync(where)
  bytes[4096 + 60] ^= 4
  writeFileSync(where, bytes)
  const read = await open(where, { readOnly: true, verify: true })
  expect(read.report).toMatchObject({ fromPrevious: true, damaged: true })
  expect(await read.text('t')).toBe('one two three')
  await read.close()
  expect(readFileSync(where)).toEqual(bytes)

  const again = await open(where, { verify: true })
  expect(again.report).toMatchObject({ fromPrevious: true, damaged: true })
  expect(readFileSync(again.report.setAside as string)).toEqual(bytes)
  expect(await again.text('t')).toBe('one two three')
  await again.close()
  expect((await verify(where)).findings).toEqual([])
})

// Written by Python: three transactions, a compaction after the second, the last half written.
const fromPython = fileURLToPath(new URL('python.rope', import.meta.url))

test('a file of Python opens, and is edited', async () => {
  const where = path()
  copyFileSync(fromPython, where)
  expect(await inspect(where)).toMatchObject({ snapshot: 'container', generation: 2, updates: 1, durability: 'power_loss' })
  const opened = await open(where)
  expect(opened.report.findings.map(({ kind }) => kind)).toEqual(['tail'])
  const doc = await opened.load()
  expect(doc.getText('notes').toString()).toBe('Remember the milk. Köln ☂')
  expect(doc.getMap('settings').toJSON()).toEqual({ deep: { list: [1, 2.5, null, true] } })
  doc.getText('notes').insert(0, '> ')
  await opened.close()
  expect(await verify(where)).toMatchObject({ updates: 2, findings: [] })
})

const child = `
  import { open } from ${JSON.stringify(new URL('../../../../build/npm/ropewalk/dist/storage-node.mjs', import.meta.url).href)}
  const file = await open(process.argv[1], { durability: process.argv[2] })
  const doc = await file.load()
  const text = doc.getText('t')
  console.log('saved ' + text.length)
  for (let i = 1; ; i++) {
    text.insert(text.length, 'x')
    if (i % 3 === 0) text.insert(text.length, 'y')
    await file.saved()
    console.log('saved ' + text.length)
    if (i % 7 === 0) await file.compact()
  }
`
const killed = async (where: string, durability: string, after: number): Promise<number> => {
  const writer: ChildProcess = spawn(process.execPath, ['--input-type=module', '-e', child, where, durability], { stdio: ['ignore', 'pipe', 'inherit'] })
  let said = ''
  const gone = new Promise<void>((done) => writer.once('close', () => done()))
  writer.stdout!.on('data', (data) => {
    said += data
    if (said.split('\n').length > after) writer.kill('SIGKILL')
  })
  await gone
  return Number(/saved (\d+)\n[^\n]*$/.exec(said)![1])
}

test.each(['kill', 'power_loss'])('kill -9 while it is written and compacted: what was saved is there (%s)', async (durability) => {
  const where = path()
  let before = 0
  for (let round = 0; round < 3; round++) {
    const saved = await killed(where, durability, 5 + 9 * round)
    expect(saved).toBeGreaterThan(before)
    const opened = await open(where)
    expect(opened.report.damaged).toBe(false)
    expect(opened.report.closed).toBe(false)
    const text = await opened.text('t')
    expect(text.length).toBeGreaterThanOrEqual(saved)
    // From the beginning on, without a hole.
    expect(text.replace(/x/g, '').length).toBeLessThanOrEqual(text.length / 3 + round + 1)
    before = text.length
    await opened.close()
  }
  expect(existsSync(`${where}.new`)).toBe(false)
})

test('the first paragraph of a large document touches a few pages, by HTTP, too', async () => {
  const big = new Y.Doc()
  const paragraph = 'Twenty-six letters and more. '.repeat(20) + '\n'
  big.getText('t').insert(0, paragraph.repeat(4000))
  const where = path()
  const bytes = writeContainer(Y.encodeStateAsUpdate(big))
  writeFileSync(where, bytes)
  const local = await open(where, { readOnly: true })
  expect(await local.text('t', { to: paragraph.length })).toBe(paragraph)
  expect(local.sizes.touched).toBeLessThan(bytes.length / 20)
  await local.close()

  let sent = 0
  const server = createServer((request, response) => {
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    if (request.url !== '/big.rope') return void response.writeHead(404).end()
    const part = bytes.subarray(Number(from), Number(to) + 1)
    sent += part.length
    response.writeHead(206, { 'content-range': `bytes ${from}-${to}/${bytes.length}`, etag: '"1"' }).end(part)
  })
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
  const url = new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/big.rope`)
  try {
    const remote = await open(url)
    expect(remote.readOnly).toBe(true)
    expect(await remote.text('t', { to: paragraph.length })).toBe(paragraph)
    expect(sent).toBeLessThan(bytes.length / 20)
    expect(await code(open(http(`${url.href}.not`)))).toBe('not_found')
    const doc = await remote.load()
    doc.getText('t').insert(0, '> ')
    expect(doc.getText('t').length).toBe(big.getText('t').length + 2)
  } finally {
    server.close().closeAllConnections()
  }
})

test('a place by name', async () => {
  const where = path()
  await (await open(file(where))).close()
  expect(existsSync(where)).toBe(true)
})
