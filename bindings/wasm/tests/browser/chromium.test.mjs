// The package's own tests once more, in Chromium, and what only a browser shows: content policies and
// how soon the first edit is made. Whatever needs Node or a library for its test page stays in Node.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { gzipSync } from 'node:zlib'
import * as esbuild from 'esbuild'
import { afterAll, test } from 'vitest'
import { complaints, launch, serve } from '../support/browser.mjs'
import { binding, build, root, tests } from '../support/paths.mjs'

const site = path.join(build, 'browser')
const dist = path.join(root, 'build/npm/ropewalk/dist')
mkdirSync(site, { recursive: true })

const modules = readdirSync(tests, { recursive: true })
  .filter((file) => file.endsWith('.test.ts') && !file.includes('node_modules'))
  .filter((file) => {
    const source = readFileSync(path.join(tests, file), 'utf8')
    return !/from 'node:|@vitest-environment|vi\.|require\(/.test(source)
  })
  .sort()

const named = (file) => file.replaceAll('/', '-').replace('.test.ts', '')

async function bundle() {
  await esbuild.build({
    absWorkingDir: binding,
    entryPoints: Object.fromEntries(modules.map((file) => [named(file), `page:${file}`])),
    outdir: site,
    bundle: true,
    format: 'esm',
    target: 'es2022',
    define: {
      'process.env.NODE_ENV': '"test"',
      'process.env.DOCUMENTS': JSON.stringify(process.env.DOCUMENTS ?? ''),
    },
    logLevel: 'error',
    plugins: [
      {
        name: 'page',
        setup(on) {
          const shim = path.join(tests, 'support/in-page.mjs')
          on.onResolve({ filter: /^page:/ }, ({ path }) => ({ path, namespace: 'page' }))
          on.onLoad({ filter: /.*/, namespace: 'page' }, ({ path: name }) => ({
            contents:
              `import ${JSON.stringify('./' + name.slice(5))}\n` +
              `import { run } from ${JSON.stringify(shim)}\nwindow.results = run()\n`,
            resolveDir: tests,
          }))
          on.onResolve({ filter: /^vitest$/ }, () => ({ path: shim }))
          on.onResolve({ filter: /^ropewalk$/ }, () => ({ path: path.join(dist, 'ropewalk.mjs') }))
          on.onResolve({ filter: /^ropewalk\/storage$/ }, () => ({ path: path.join(dist, 'storage.mjs') }))
        },
      },
    ],
  })
  for (const file of modules) page(named(file), `${named(file)}.js`)
}

function page(name, script) {
  writeFileSync(
    path.join(site, `${name}.html`),
    `<!doctype html><meta charset="utf-8"><title>${name}</title><script type="module" src="${script}"></script>`,
  )
}

await bundle()
const server = await serve(site)
// The tests of memory ask the collector.
const browser = await launch('--js-flags=--expose-gc')
afterAll(async () => {
  await browser.close()
  await server.close()
})

// While files are collected: so each test of a page is a test here.
for (const file of modules) {
  const page = await browser.newPage()
  const wrong = complaints(page)
  await page.goto(`${server.url}/${named(file)}.html`)
  await page.waitForFunction('window.results', null, { timeout: 10_000 }).catch(() => {})
  const results = (await page.evaluate('window.results')) ?? [{ name: 'starts', error: wrong.join('\n') }]
  await page.close()
  for (const { name, error } of results) {
    test(`${file} > ${name}`, () => {
      if (error) throw new Error(error)
    })
  }
}

const firstEdit = `
  const doc = new Y.Doc()
  doc.getText('t').insert(0, 'first')
  window.text = doc.getText('t').toString()
  window.ms = performance.now() - start
`

function writeFirstEdit(name, entry) {
  writeFileSync(
    path.join(site, `${name}.mjs`),
    `const start = performance.now()\nconst Y = await import('./${entry}')\n${firstEdit}`,
  )
  page(name, `${name}.mjs`)
}
for (const file of ['ropewalk.mjs', 'slim.mjs', 'ropewalk.wasm']) {
  writeFileSync(path.join(site, file), readFileSync(path.join(dist, file)))
}
writeFirstEdit('first', 'ropewalk.mjs')
writeFirstEdit('first-slim', 'slim.mjs')

for (const name of ['first', 'first-slim']) {
  test(`${name}: under a content policy that allows WebAssembly and nothing else`, async () => {
    const policy = "default-src 'none'; connect-src 'self'; script-src 'self' 'wasm-unsafe-eval'"
    const strict = await serve(site, { 'content-security-policy': policy })
    const page = await browser.newPage()
    const wrong = complaints(page)
    await page.goto(`${strict.url}/${name}.html`)
    // Not waitForFunction: it evaluates in the page, which the policy forbids.
    for (let i = 0; i < 400 && !(await page.evaluate('window.text')); i++) await page.waitForTimeout(25)
    deepEqual(wrong, [])
    equal(await page.evaluate('window.text'), 'first')
    await page.close()
    await strict.close()
  })
}

test('a content policy without WebAssembly is named in the error', async () => {
  const strict = await serve(site, { 'content-security-policy': "script-src 'self'" })
  const page = await browser.newPage()
  const wrong = complaints(page)
  await page.goto(`${strict.url}/first.html`)
  await page.waitForTimeout(500)
  match(wrong.join('\n'), /wasm-unsafe-eval|Content Security Policy/)
  await page.close()
  await strict.close()
})

// A figure, not a bound: machines differ. COLD_STARTS=n for more; the best of them is printed.
test('cold start to the first edit', async () => {
  const times = { first: [], 'first-slim': [] }
  for (let i = 0; i < Number(process.env.COLD_STARTS ?? 5); i++) {
    for (const name of Object.keys(times)) {
      // A context of its own has no cache, neither of files nor of compiled code.
      const context = await browser.newContext()
      const page = await context.newPage()
      await page.goto(`${server.url}/${name}.html`)
      await page.waitForFunction('window.ms')
      times[name].push(await page.evaluate('window.ms'))
      await context.close()
    }
  }
  const median = (list) => list.sort((a, b) => a - b)[list.length >> 1]
  console.log(`js.cold_start_ms ${median(times.first).toFixed(1)} ms`)
  console.log(`js.cold_start_slim_ms ${median(times['first-slim']).toFixed(1)} ms`)
  const kb = gzipSync(readFileSync(path.join(dist, 'ropewalk.mjs')), { level: 9 }).length / 1000
  console.log(`js.gzip_kb ${kb.toFixed(1)} kB`)
  ok(times.first.length)
})
