// What a stored document of 16 MB costs before its first paragraph is on the screen: milliseconds in
// Chromium, and how many of its bytes are read.
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { launchChromium, serve } from './footprint.mjs'
import { ropewalkEntry, ropewalkFolder } from './ropewalk.mjs'

const kVisible = 16 << 20
const kPlaces = ['file', 'database', 'http']
const kOpens = 5  // in each page

/// The recording, typed again behind itself until 16 MB are visible, with all that was deleted on the
/// way, as a stored document.
async function largeDocument({ edits, end }) {
  const Y = await import(ropewalkEntry())
  const { MemoryStore, open } = await import(ropewalkEntry().replace(/node\.mjs$/, 'storage-node.mjs'))
  const store = new MemoryStore()
  const file = await open(store, { durability: 'kill' })
  const doc = await file.load()
  const text = doc.getText('text')
  doc.transact(() => {
    for (let shift = 0; shift < kVisible; shift += end.length) {
      for (const { position, deleted, inserted } of edits) {
        if (deleted > 0) text.delete(shift + position, deleted)
        if (inserted.length > 0) text.insert(shift + position, inserted)
      }
    }
  })
  await file.compact()
  if ((await file.text('text')) !== text.toString()) throw new Error('stored: another text')
  await file.close()
  return { bytes: store.bytes, paragraph: end.slice(0, Math.max(end.indexOf('\n\n'), 80)) }
}

const kScript = `
import { http, indexedDb, open, opfs } from './storage.mjs'
const places = { file: opfs('large.rope'), database: indexedDb('large'), http: http(new URL('./large.rope', location.href)) }
globalThis.store = async () => {
  const bytes = new Uint8Array(await (await fetch('./large.rope')).arrayBuffer())
  for (const name of ['file', 'database']) {
    const store = await places[name].openStore({ readOnly: false, create: true, durability: 'power_loss' })
    await store.swap(bytes)
    await store.close()
  }
}
globalThis.read = async (name, size, opens) => {
  const times = []
  let touched, text
  for (let i = 0; i < opens; i++) {
    const start = performance.now()
    const file = await open(places[name], { readOnly: true })
    text = await file.text('text', { to: size })
    times.push(performance.now() - start)
    touched = file.sizes.touched
    await file.close()
  }
  return { times, touched, text }
}
globalThis.ready = true
`

/// {size, places: name -> {first, later, touched}}: milliseconds of the best first opening of a page,
/// which also starts the module, and of the best later one; bytes that were read.
export async function storedFigures(folder, recording, { rounds, log }) {
  log('stored: typing 16 MB')
  const { bytes, paragraph } = await largeDocument(recording)
  const site = join(folder, 'stored')
  mkdirSync(site)
  writeFileSync(join(site, 'large.rope'), bytes)
  for (const name of ['ropewalk.mjs', 'storage.mjs']) {
    copyFileSync(join(ropewalkFolder(), 'dist', name), join(site, name))
  }
  writeFileSync(join(site, 'page.js'), kScript)
  writeFileSync(join(site, 'index.html'), '<!doctype html><script type="module" src="page.js"></script>\n')

  const server = await serve(site)
  const browser = await launchChromium()
  const seen = Object.fromEntries(kPlaces.map(name => [name, { first: [], later: [], touched: 0 }]))
  try {
    const context = await browser.newContext()
    const inPage = async work => {
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${server.address().port}/index.html`)
      await page.waitForFunction(() => globalThis.ready)
      const result = await work(page)
      await page.close()
      return result
    }
    await inPage(page => page.evaluate(() => globalThis.store()))
    for (let round = 0; round < rounds; round++) {
      log(`stored: ${round + 1} of ${rounds}`)
      for (const name of kPlaces) {
        const of = [name, paragraph.length, kOpens]
        const { times, touched, text } = await inPage(page => page.evaluate(of => globalThis.read(...of), of))
        if (text !== paragraph) throw new Error(`stored: ${name} has another first paragraph`)
        seen[name].first.push(times[0])
        seen[name].later.push(...times.slice(1))
        seen[name].touched = Math.max(seen[name].touched, touched)
      }
    }
  } finally {
    await browser.close()
    server.close()
  }
  const best = ({ first, later, touched }) => ({ first: Math.min(...first), later: Math.min(...later), touched })
  return {
    size: bytes.length,
    places: Object.fromEntries(kPlaces.map(name => [name, best(seen[name])])),
  }
}
