// What a page pays before its first edit: bytes to load, and time until they run.
import { execFileSync } from 'node:child_process'
import { copyFileSync, createReadStream, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'esbuild'
import { chromium } from 'playwright-core'
import { ropewalkFolder } from './ropewalk.mjs'

const here = dirname(fileURLToPath(import.meta.url))

// The first edit, and a listener that has been handed its update.
const kFirstEdit = `
const doc = new Y.Doc()
const text = doc.getText('text')
doc.on('update', update => {
  if (update.length > 0) globalThis.firstEdit = performance.now()
})
text.insert(0, 'a')
`
const kEmpty = 'nothing'
const kPages = {
  ropewalk: `import * as Y from 'ropewalk'\nglobalThis.Y = Y\n${kFirstEdit}`,
  slim: `import * as Y from 'ropewalk/slim'\nglobalThis.Y = Y\n${kFirstEdit}`,
  yjs: `import * as Y from 'yjs'\nglobalThis.Y = Y\n${kFirstEdit}`,
  // What the browser itself takes to open a page and run a script.
  [kEmpty]: 'globalThis.firstEdit = performance.now()\n',
}

/// Bundles a page for each; all exports are kept, as a page that uses them all would have them.
async function bundlePages(folder) {
  const page = `<!doctype html><meta charset="utf-8"><title>first edit</title>
<script type="module" src="page.js"></script>\n`
  for (const [name, contents] of Object.entries(kPages)) {
    const outdir = join(folder, name)
    mkdirSync(outdir, { recursive: true })
    writeFileSync(join(outdir, 'index.html'), page)
    await build({
      stdin: { contents, resolveDir: here, sourcefile: 'page.js' },
      outdir,
      entryNames: 'page',
      bundle: true,
      minify: true,
      format: 'esm',
      target: 'es2022',
      loader: { '.wasm': 'file' },
      logLevel: 'warning',
      plugins: [asInstalled('ropewalk', ropewalkFolder())],
    })
    // Slim fetches its module from beside the script; bundlers that know of that copy it, too.
    if (name === 'slim') {
      copyFileSync(join(ropewalkFolder(), 'dist/ropewalk.wasm'), join(outdir, 'ropewalk.wasm'))
    }
  }
}

// The package where it was built, found as one that npm has put into node_modules.
const asInstalled = (name, folder) => ({
  name: 'as installed',
  setup({ onResolve, resolve }) {
    onResolve({ filter: new RegExp(`^${name}(/|$)`) }, ({ path, kind, pluginData }) =>
      pluginData === folder
        ? undefined
        : resolve(packageName(folder) + path.slice(name.length), {
            kind,
            resolveDir: folder,
            pluginData: folder,
          }),
    )
  },
})
const packageName = folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')).name

/// name -> kB of all that a browser loads but the page itself, each file through gzip -9.
function gzipKb(folder) {
  const sizes = {}
  for (const name of Object.keys(kPages)) {
    const files = readdirSync(join(folder, name)).filter(file => !file.endsWith('.html'))
    const bytes = files.map(file => gzipSync(readFileSync(join(folder, name, file)), { level: 9 }))
    sizes[name] = bytes.reduce((sum, { length }) => sum + length, 0) / 1e3
  }
  return sizes
}

const kTypes = { '.html': 'text/html', '.js': 'text/javascript', '.mjs': 'text/javascript', '.wasm': 'application/wasm' }

export function serve(folder) {
  const server = createServer((request, response) => {
    const path = join(folder, new URL(request.url, 'http://localhost').pathname)
    try {
      response.setHeader('content-type', kTypes[extname(path)] ?? 'application/octet-stream')
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
      if (from === undefined) return response.end(readFileSync(path))
      response.setHeader('content-range', `bytes ${from}-${to}/${statSync(path).size}`)
      response.writeHead(206)
      createReadStream(path, { start: Number(from), end: Number(to) }).pipe(response)
    } catch {
      response.writeHead(404).end()
    }
  })
  return new Promise(resolve => server.listen(0, '127.0.0.1', () => resolve(server)))
}

function findChromium() {
  const named = process.env.CHROMIUM
  if (named) return named
  try {
    return execFileSync('sh', ['-c', 'command -v chromium'], { encoding: 'utf8' }).trim()
  } catch {
    throw new Error('no chromium: install it (on Debian: chromium), or name one in CHROMIUM')
  }
}

export const launchChromium = () =>
  chromium.launch({
    executablePath: findChromium(),
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-extensions',
      '--disable-sync',
      '--no-first-run',
    ],
  })

/// name -> of each round, milliseconds from the navigation to the first edit, and processor time of the
/// page's process, all its threads; each time in a new context, which has no caches, in turns.
async function firstEditMs(folder, rounds, log) {
  const server = await serve(folder)
  const browser = await launchChromium()
  const times = Object.fromEntries(Object.keys(kPages).map(name => [name, []]))
  try {
    // The first one also warms the browser.
    for (let round = -1; round < rounds; round++) {
      log(`cold start: ${round + 1} of ${rounds}`)
      for (const name of Object.keys(kPages)) {
        const context = await browser.newContext()
        const page = await context.newPage()
        const inspector = await context.newCDPSession(page)
        await inspector.send('Performance.enable')
        page.on('pageerror', error => log(`${name}: ${error.message}`))
        await page.goto(`http://127.0.0.1:${server.address().port}/${name}/index.html`)
        const edited = await page.waitForFunction(() => globalThis.firstEdit, undefined, {
          timeout: 20_000,
        })
        const { metrics } = await inspector.send('Performance.getMetrics')
        const used = metrics.find(metric => metric.name === 'ProcessTime').value * 1000
        if (round >= 0) times[name].push({ page: await edited.jsonValue(), cpu: used })
        await context.close()
      }
    }
  } finally {
    await browser.close()
    server.close()
  }
  return times
}

const mean = values => values.reduce((sum, value) => sum + value, 0) / values.length
const median = values => values.toSorted((a, b) => a - b)[values.length >> 1]

/// name -> from the navigation on; and what that, and the time of the processor, are more than those of
/// the empty page in the same round: what a page waits, and works, because of the library.
function summary(times) {
  const more = (name, key) => times[name].map((round, i) => round[key] - times[kEmpty][i][key])
  const entries = Object.entries(times).map(([name, rounds]) => [
    name,
    {
      page: median(rounds.map(({ page }) => page)),
      own: median(more(name, 'page')),
      // Counted in steps of 10 ms, so that only the mean tells.
      cpu: mean(more(name, 'cpu')),
    },
  ])
  return Object.fromEntries(entries)
}

export async function footprint(folder, { wantsTime, rounds, log }) {
  await bundlePages(folder)
  return { size: gzipKb(folder), time: wantsTime ? summary(await firstEditMs(folder, rounds, log)) : {} }
}
