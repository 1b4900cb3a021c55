// Stored documents in Chromium: the Origin Private File System from a page and from a worker, IndexedDB,
// two tabs, and pages that are closed in the middle of it.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { afterAll, describe, test } from 'vitest'
import { complaints, launch, serve } from '../support/browser.mjs'
import { build, root } from '../support/paths.mjs'

const site = path.join(build, 'browser-storage')
const dist = path.join(root, 'build/npm/ropewalk/dist')
mkdirSync(site, { recursive: true })
for (const file of ['ropewalk.mjs', 'storage.mjs', 'slim.mjs', 'storage-slim.mjs', 'ropewalk.wasm', 'storage.wasm']) {
  copyFileSync(path.join(dist, file), path.join(site, file))
}

// What is done, in a page or in a worker: it runs there as it stands here.
const actions = {
  place(S, kind, name) {
    return kind === 'indexeddb' ? S.indexedDb(name) : name
  },
  async write({ Y, S, place }, kind, name, word) {
    const file = await S.open(place(kind, name))
    const doc = await file.load()
    doc.getText('t').insert(0, word)
    await file.saved()
    return [file.report.created, file.report.closed, doc instanceof Y.Doc]
  },
  async go({ S, place, self }, kind, name, compacting) {
    const file = await S.open(place(kind, name))
    const text = (await file.load()).getText('t')
    self.saved = text.length
    for (let i = 1; !self.stopped; i++) {
      text.insert(text.length, 'x')
      await file.saved()
      self.saved = text.length
      if (compacting && i % 5 === 0) await file.compact()
      // A worker's files are written at once: others are to have a turn.
      await new Promise((next) => setTimeout(next))
    }
  },
  async read({ S, place }, kind, name) {
    const file = await S.open(place(kind, name))
    const text = await file.text('t')
    await file.compact()
    const doc = await file.load()
    const isPacked = doc._packed !== null
    await file.close()
    const state = await S.verify(place(kind, name))
    return { text, closed: file.report.closed, damaged: file.report.damaged, isPacked, findings: state.findings.length }
  },
  async inUse({ S, place }, kind, name) {
    try {
      await S.open(place(kind, name))
      return 'open'
    } catch (error) {
      return error.code
    }
  }
}
const helpers = `
  const actions = { ${Object.values(actions).map(String).join(',\n')} }
  const place = (kind, name) => actions.place(S, kind, name)
  const act = (name, ...args) => actions[name]({ Y, S, place, self: globalThis }, ...args)
`
const imports = (engine, storage) => `import * as Y from './${engine}'\nimport * as S from './${storage}'\n`
writeFileSync(
  path.join(site, 'worker.mjs'),
  `${imports('slim.mjs', 'storage-slim.mjs')}${helpers}
  globalThis.onmessage = async ({ data: [id, args] }) => {
    if (args[0] === 'saved') return postMessage([id, globalThis.saved ?? 0])
    try { postMessage([id, await act(...args)]) } catch (error) { postMessage([id, null, String(error?.stack ?? error)]) }
  }
  postMessage(['ready'])`,
)
writeFileSync(
  path.join(site, 'page.mjs'),
  `${imports('ropewalk.mjs', 'storage.mjs')}${helpers}
  let worker, next = 0
  const waiting = new Map()
  const inWorker = async (...args) => {
    worker ??= new Promise((ready) => {
      const made = new Worker('./worker.mjs', { type: 'module' })
      made.onmessage = ({ data: [id, result, error] }) => {
        if (id === 'ready') return ready(made)
        error === undefined ? waiting.get(id)[0](result) : waiting.get(id)[1](new Error(error))
      }
    })
    const to = await worker
    return new Promise((...ends) => { waiting.set(++next, ends); to.postMessage([next, args]) })
  }
  Object.assign(globalThis, { Y, S, act: (kind, name, ...args) => kind === 'opfs in a worker' ? inWorker(name, kind, ...args) : act(name, kind, ...args),
    savedBy: async (kind) => kind === 'opfs in a worker' ? inWorker('saved') : globalThis.saved ?? 0, ready: true })`,
)
writeFileSync(path.join(site, 'index.html'), '<!doctype html><meta charset="utf-8"><script type="module" src="page.mjs"></script>')

const server = await serve(site)
const browser = await launch()
const context = await browser.newContext()
afterAll(async () => {
  await browser.close()
  await server.close()
})

async function opened(url = server.url, where = context) {
  const page = await where.newPage()
  const wrong = complaints(page)
  await page.goto(url)
  // Not waitForFunction: it evaluates in the page, which a policy may forbid.
  for (let i = 0; i < 400 && !(await page.evaluate('globalThis.ready')); i++) {
    if (wrong.length > 0) throw new Error(wrong.join('\n'))
    await page.waitForTimeout(25)
  }
  return page
}
const act = (page, ...args) => page.evaluate((args) => globalThis.act(...args), args)
/** Once a page is gone, what it had open is free soon. */
async function reopened(page, kind, ...args) {
  for (let i = 0; ; i++) {
    try {
      return await act(page, kind, ...args)
    } catch (error) {
      if (i === 200 || !/open for writing/.test(error.message)) throw error
      await page.waitForTimeout(25)
    }
  }
}

for (const kind of ['opfs', 'opfs in a worker', 'indexeddb']) {
  describe(kind, () => {
    test('what was saved is there when the page is closed; two tabs do not write at once', async () => {
      const name = `letters/${kind}`
      const first = await opened()
      deepEqual(await act(first, kind, 'write', name, 'saved'), [true, true, true])
      const second = await opened()
      equal(await act(second, kind, 'inUse', name), 'in_use')
      await first.close()
      const read = await reopened(second, kind, 'read', name)
      deepEqual(read, { text: 'saved', closed: false, damaged: false, isPacked: true, findings: 0 })
      deepEqual(await act(second, kind, 'write', name, 'well '), [false, true, true])
      await second.close()
      const third = await opened()
      equal((await reopened(third, kind, 'read', name)).text, 'well saved')
      equal((await act(third, kind, 'read', name)).closed, true)
      await third.close()
    })

    test('pages closed while it is written and compacted: nothing is lost, nothing half there', async () => {
      const name = `closed ${kind}`
      let before = 0
      for (let round = 0; round < 2; round++) {
        const page = await opened()
        let failed = null
        const going = reopened(page, kind, 'go', name, round > 0).catch((error) => (failed = error))
        let saved = 0
        while (saved < before + 4 + 5 * round) {
          if (failed !== null) throw failed
          await page.waitForTimeout(3)
          saved = await page.evaluate((kind) => globalThis.savedBy(kind), kind)
        }
        await page.close()
        await going
        const next = await opened()
        const { text, damaged, findings } = await reopened(next, kind, 'read', name)
        ok(text.length >= saved, `${text.length} of ${saved}`)
        match(text, /^x*$/)
        deepEqual([damaged, findings], [false, 0])
        before = text.length
        await next.close()
      }
    })
  })
}

test('opfs: a replacement that was interrupted is finished, or undone', async () => {
  const page = await opened()
  const results = await page.evaluate(async () => {
    const folder = await navigator.storage.getDirectory()
    const bytesOf = async (name) => new Uint8Array(await (await (await folder.getFileHandle(name)).getFile()).arrayBuffer())
    const put = async (name, bytes) => {
      const to = await (await folder.getFileHandle(name, { create: true })).createWritable()
      await to.write(bytes)
      await to.close()
    }
    const file = await S.open('swap')
    const doc = await file.load()
    doc.getText('t').insert(0, 'old')
    await file.saved()
    const old = await bytesOf('swap')
    await file.compact()
    const next = await bytesOf('swap')
    await file.close()
    const newer = await bytesOf('swap')
    const states = [
      ['the copy is half written', old, next.slice(0, -9)],
      ['the copy is whole', old, next],
      ['half written over', next.slice(0, 4500).fill(0, 0, 4032), next],
      ['nothing written over yet', new Uint8Array(0), next],
      ['a copy that came back', newer, next],
      ['the copy is something else', newer, new Uint8Array(9)]
    ]
    const told = []
    for (const [what, there, beside] of states) {
      await put('swap', there)
      await put('swap.next', beside)
      const read = await S.open('swap', { readOnly: true })
      const text = await read.text('t')
      await read.close()
      const again = await S.open('swap')
      const { generation } = again.sizes
      const gone = await folder.getFileHandle('swap.next').then(() => false, () => true)
      told.push([what, text, await again.text('t'), generation, gone, again.report.closed, again.report.findings.length])
      await again.close()
    }
    return told
  })
  deepEqual(results, [
    ['the copy is half written', 'old', 'old', 1, true, false, 0],
    ['the copy is whole', 'old', 'old', 2, true, false, 0],
    ['half written over', 'old', 'old', 2, true, false, 0],
    ['nothing written over yet', 'old', 'old', 2, true, false, 0],
    ['a copy that came back', 'old', 'old', 2, true, true, 0],
    ['the copy is something else', 'old', 'old', 2, true, true, 0],
  ])
  await page.close()
})

test('a damaged tail is set aside, in files and in the database', async () => {
  const page = await opened()
  const results = await page.evaluate(async () => {
    const told = []
    for (const [place, spoil] of [
      ['tail', async () => {
        const handle = await (await navigator.storage.getDirectory()).getFileHandle('tail')
        const to = await handle.createWritable({ keepExistingData: true })
        await to.write({ type: 'write', position: (await handle.getFile()).size, data: new Uint8Array([1, 2, 3]) })
        await to.close()
      }],
      [S.indexedDb('tail'), () => new Promise((done) => {
        indexedDB.open('ropewalk').onsuccess = ({ target: { result: base } }) => {
          const change = base.transaction(['parts', 'sizes'], 'readwrite')
          const sizes = change.objectStore('sizes')
          sizes.get('tail').onsuccess = ({ target: { result: size } }) => {
            change.objectStore('parts').put(new Uint8Array([1, 2, 3]), ['tail', size])
            sizes.put(size + 3, 'tail')
          }
          change.oncomplete = () => { base.close(); done() }
        }
      })]
    ]) {
      const file = await S.open(place)
      ;(await file.load()).getText('t').insert(0, 'kept')
      await file.close()
      await spoil()
      const again = await S.open(place)
      const { findings, setAside } = again.report
      told.push([findings.map(({ kind }) => kind), setAside, await again.text('t')])
      ;(await again.load()).getText('t').insert(0, 'well ')
      await again.close()
      told.push((await S.verify(place)).findings.length, await (await S.open(place, { readOnly: true })).text('t'))
    }
    return told
  })
  const expected = [[['tail'], 'tail.damaged-1', 'kept'], 0, 'well kept']
  deepEqual(results, [...expected, ...expected])
  await page.close()
})

test('what y-indexeddb has stored comes along', async () => {
  const page = await opened()
  const told = await page.evaluate(async () => {
    const doc = new Y.Doc()
    const updates = []
    doc.on('update', (update) => updates.push(update))
    doc.getText('t').insert(0, 'from ')
    doc.getText('t').insert(5, 'y-indexeddb')
    await new Promise((done) => {
      const request = indexedDB.open('my-notes')
      request.onupgradeneeded = () => {
        request.result.createObjectStore('updates', { autoIncrement: true })
        request.result.createObjectStore('custom')
      }
      request.onsuccess = () => {
        const change = request.result.transaction('updates', 'readwrite')
        for (const update of updates) change.objectStore('updates').add(update)
        change.oncomplete = () => { request.result.close(); done() }
      }
    })
    const file = await S.open(S.indexedDb('my-notes', { database: 'apart' }))
    const moved = await file.load()
    Y.applyUpdate(moved, await S.readYIndexeddb('my-notes'))
    await file.close()
    const names = (await indexedDB.databases()).map(({ name }) => name)
    return [await (await S.open(S.indexedDb('my-notes', { database: 'apart' }), { readOnly: true })).text('t'), await S.readYIndexeddb('none'), names.includes('none')]
  })
  deepEqual(told, ['from y-indexeddb', null, false])
  await page.close()
})

test('a content policy without blob: workers is named in the error', async () => {
  const strict = await serve(site, { 'content-security-policy': "default-src 'self'; script-src 'self' 'wasm-unsafe-eval'" })
  const page = await opened(strict.url)
  const told = await page.evaluate(() => S.open('refused').then(() => null, (error) => [error.code, error.message]))
  equal(told?.[0], 'not_permitted')
  match(told[1], /worker-src blob:/)
  // The database needs no worker.
  deepEqual(await act(page, 'indexeddb', 'write', 'strict', 'a'), [true, true, true])
  await page.close()
  await strict.close()
})

test('a file that somebody has picked', async () => {
  const page = await opened()
  const bytes = readFileSync(path.join(root, 'bindings/wasm/tests/storage/python.rope')).toString('base64')
  const told = await page.evaluate(async (bytes) => {
    const blob = new Blob([Uint8Array.from(atob(bytes), (letter) => letter.charCodeAt(0))])
    const file = await S.open(blob)
    return [file.readOnly, await file.text('notes')]
  }, bytes)
  deepEqual(told, [true, 'Remember the milk. Köln ☂'])
  await page.close()
})
