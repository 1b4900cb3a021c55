// One app, built by each bundler as it comes out of the box: nothing is said about WebAssembly anywhere.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { execFileSync, spawn } from 'node:child_process'
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { promisify } from 'node:util'
import nodeResolve from '@rollup/plugin-node-resolve'
import * as esbuild from 'esbuild'
import { rollup } from 'rollup'
import * as vite from 'vite'
import { afterAll, beforeAll, test } from 'vitest'
import webpack from 'webpack'
import { complaints, launch, serve } from '../support/browser.mjs'
import { install } from '../support/install.mjs'
import { build, tests } from '../support/paths.mjs'
import { standIn, tarball } from '../support/ropewalk.mjs'

const source = path.join(tests, 'bundlers/app')
const reactSource = path.join(tests, 'bundlers-react/app')
const expected = '["made here",{"k":{"deep":[1,"ü",null]}},"offline 1","made here true unexpected_end"]'
const entries = ['main', 'worker']

let app, reactApp, browser

beforeAll(async () => {
  app = install({ source, name: 'ropewalk', tarball: tarball() })
  // Yjs has no provider of its own, and stores nothing.
  if (standIn) {
    writeFileSync(path.join(app, 'src/connected.js'), "export const connected = () => 'offline 1'\n")
    writeFileSync(path.join(app, 'src/stored.js'), "export const stored = (doc) => `${doc.getText('t')} true unexpected_end`\n")
  } else reactApp = install({ source: reactSource, name: 'ropewalk', tarball: tarball() })
  browser = await launch()
})
afterAll(() => browser?.close())

const bundlers = {
  vite: (app, out) =>
    vite.build({ root: app, base: './', build: { outDir: out, emptyOutDir: true }, logLevel: 'error' }),

  async webpack(app, out, names = entries) {
    const compiler = webpack({
      context: app,
      mode: 'production',
      entry: './src/main.js',
      // To make React small takes longer than all the rest.
      optimization: { minimize: names === entries },
      output: { path: out, filename: 'src/main.js' },
    })
    const stats = await promisify(compiler.run.bind(compiler))()
    await promisify(compiler.close.bind(compiler))()
    deepEqual(stats.toJson({ all: false, errors: true }).errors, [])
    cpSync(path.join(app, 'index.html'), path.join(out, 'index.html'))
  },

  async esbuild(app, out, names = entries) {
    await esbuild.build({
      absWorkingDir: app,
      entryPoints: names.map((name) => `src/${name}.js`),
      outdir: path.join(out, 'src'),
      bundle: true,
      format: 'esm',
      minify: true,
      // As React asks whom it is built for.
      define: { 'process.env.NODE_ENV': '"production"' },
      logLevel: 'silent',
    })
    cpSync(path.join(app, 'index.html'), path.join(out, 'index.html'))
  },

  async rollup(app, out) {
    const bundle = await rollup({
      input: entries.map((name) => path.join(app, `src/${name}.js`)),
      // What Rollup needs for any package.
      plugins: [nodeResolve({ browser: true })],
      onwarn: (warning) => {
        throw new Error(warning.message)
      },
    })
    await bundle.write({ dir: path.join(out, 'src'), format: 'es' })
    await bundle.close()
    cpSync(path.join(app, 'index.html'), path.join(out, 'index.html'))
  },

  // No bundler: the browser reads the installed files; an import map says where the name is.
  async none(app, out) {
    cpSync(app, out, { recursive: true, dereference: true })
    const html = readFileSync(path.join(app, 'index.html'), 'utf8')
    const conditions = ['browser', 'import', 'default']
    const imports = {
      ropewalk: `./node_modules/ropewalk/${resolved('.', conditions)}`,
      'ropewalk/provider': `./node_modules/ropewalk/${resolved('./provider', conditions)}`,
      'ropewalk/storage': `./node_modules/ropewalk/${resolved('./storage', conditions)}`,
    }
    // A worker has no import map, so its copies of the modules name the files.
    const parts = ['edit', 'connected', 'stored']
    const files = Object.entries({ ...imports, ...Object.fromEntries(parts.map((name) => [`./${name}.js`, `./${name}-in-worker.js`])) })
    for (const name of [...parts, 'worker']) {
      const code = readFileSync(path.join(app, `src/${name}.js`), 'utf8')
      writeFileSync(
        path.join(out, name === 'worker' ? 'src/worker.js' : `src/${name}-in-worker.js`),
        files.reduce((code, [from, to]) => code.replace(`'${from}'`, to.includes('node_modules') ? `'.${to}'` : `'${to}'`), code),
      )
    }
    const map = `<script type="importmap">${JSON.stringify({ imports })}</script>`
    writeFileSync(path.join(out, 'index.html'), html.replace('</head>', `${map}</head>`))
  },
}

/** Bundles an app, opens it, and looks at it. */
async function shown(name, folder, bundle, look) {
  const out = path.join(build, 'bundlers', folder)
  rmSync(out, { recursive: true, force: true })
  mkdirSync(out, { recursive: true })
  await bundle(out)
  const server = await serve(out)
  const page = await browser.newPage()
  const wrong = complaints(page)
  try {
    await page.goto(server.url)
    await look(page)
    deepEqual(wrong, [], name)
  } finally {
    await page.close()
    await server.close()
  }
}

for (const [name, bundle] of Object.entries(bundlers)) {
  // Yjs has dependencies, which no import map of ours names.
  test.skipIf(standIn && name === 'none')(`${name}: in the page and in a worker`, () =>
    shown(name, name, (out) => bundle(app, out), async (page) => {
      await page.locator('body[data-worker]').waitFor({ state: 'attached', timeout: 15_000 })
      deepEqual(await page.evaluate(() => ({ ...document.body.dataset })), {
        page: expected,
        worker: expected,
      })
    }))
}

// The others need a plugin for packages of CommonJS, such as React.
for (const name of ['vite', 'webpack', 'esbuild']) {
  test.skipIf(standIn)(`${name}: hooks of ropewalk/react on a document and its provider`, () =>
    shown(name, `${name}-react`, (out) => bundlers[name](reactApp, out, ['main']), async (page) => {
      await page.locator('p[data-shown="made here, offline, 1"]').waitFor({ state: 'attached', timeout: 15_000 })
    }))
}

test('node: import and require share one instance; a worker thread runs', (context) => {
  if (standIn) context.skip()
  const out = JSON.parse(execFileSync(process.execPath, ['node.mjs'], { cwd: app, encoding: 'utf8' }))
  equal(out.page, expected)
  equal(out.worker, expected)
  ok(out.names > 80)
})

test('workerd: its entry imports the .wasm as a module, and runs', async (context) => {
  if (standIn) context.skip()
  const out = path.join(build, 'bundlers/workerd')
  rmSync(out, { recursive: true, force: true })
  await esbuild.build({
    absWorkingDir: app,
    entryPoints: ['workerd.js'],
    outdir: out,
    bundle: true,
    format: 'esm',
    conditions: ['workerd', 'worker', 'browser'],
    // As wrangler does: modules of compiled WebAssembly stay beside the script.
    loader: { '.wasm': 'copy' },
    assetNames: '[name]',
    logLevel: 'silent',
  })
  const workerd = createRequire(import.meta.url).resolve('@cloudflare/workerd-linux-64/bin/workerd')
  const wasm = readdirSync(out).filter((file) => file.endsWith('.wasm'))
  equal(wasm.length, 2)
  writeFileSync(
    path.join(out, 'config.capnp'),
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = (
    modules = [
      (name = "workerd.js", esModule = embed "workerd.js"),
${wasm.map((name) => `      (name = "${name}", wasm = embed "${name}"),`).join('\n')}
    ],
    compatibilityDate = "2026-11-01",
  ))],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
`,
  )
  equal(await (await answerOf(out)).text(), expected)
})

// Starts workerd on a port of its choice, asks once, and ends it.
async function answerOf(folder) {
  const workerd = createRequire(import.meta.url).resolve('@cloudflare/workerd-linux-64/bin/workerd')
  const server = spawn(workerd, ['serve', 'config.capnp', '--control-fd=3'], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  try {
    let said = ''
    server.stderr.on('data', (data) => (said += data))
    const port = await new Promise((done, fail) => {
      server.stdio[3].on('data', (data) => {
        const event = JSON.parse(String(data).split('\n')[0])
        if (event.event === 'listen') done(event.port)
      })
      server.once('exit', () => fail(new Error(`workerd ended: ${said}`)))
    })
    return await fetch(`http://127.0.0.1:${port}/`)
  } finally {
    server.kill()
  }
}

// What the exports map of the package gives for an entry under these conditions.
function resolved(entry, conditions) {
  const manifest = JSON.parse(readFileSync(path.join(app, 'node_modules/ropewalk/package.json')))
  let target = manifest.exports[entry]
  while (typeof target === 'object') {
    target = Object.entries(target).find(([key]) => conditions.includes(key))?.[1]
  }
  return target.replace(/^\.\//, '')
}
