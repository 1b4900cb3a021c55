// Chromium from the system, and a server for the folders it opens.
import { execFileSync } from 'node:child_process'
import { createReadStream, statSync } from 'node:fs'
import { createServer } from 'node:http'
import path from 'node:path'
import { chromium } from 'playwright-core'

function executable() {
  if (process.env.CHROMIUM) return process.env.CHROMIUM
  for (const name of ['chromium', 'chromium-browser', 'google-chrome']) {
    try {
      return execFileSync('sh', ['-c', `command -v ${name}`], { encoding: 'utf8' }).trim()
    } catch {}
  }
  throw new Error('no Chromium: install the package `chromium`, or name one in CHROMIUM')
}

/** Chromium without its sandbox, which needs what containers and CI do not grant. */
export const launch = (...args) =>
  chromium.launch({ executablePath: executable(), args: ['--no-sandbox', ...args] })

/** A browser of somebody's own, whose databases lie in `folder` and stay when its pages are closed. */
export const launchAt = (folder) =>
  chromium.launchPersistentContext(folder, { executablePath: executable(), args: ['--no-sandbox'] })

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.map': 'application/json',
  '.wasm': 'application/wasm',
}

/** Serves a folder on a port of its own. `headers` go with every answer. */
export async function serve(folder, headers = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, 'http://localhost')
    let file = path.join(folder, path.normalize(decodeURIComponent(pathname)))
    try {
      if (statSync(file).isDirectory()) file = path.join(file, 'index.html')
      statSync(file)
    } catch {
      // Browsers ask for an icon by themselves; its absence is no error of the page.
      response.writeHead(pathname === '/favicon.ico' ? 204 : 404).end()
      return
    }
    response.writeHead(200, {
      'content-type': types[path.extname(file)] ?? 'application/octet-stream',
      ...headers,
    })
    createReadStream(file).pipe(response)
  })
  await new Promise((done) => server.listen(0, '127.0.0.1', done))
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: () => new Promise((done) => server.close(done).closeAllConnections()),
  }
}

/** Collects whatever a page complains about: uncaught errors and console errors. */
export function complaints(page) {
  const list = []
  page.on('pageerror', (error) => list.push(String(error.stack ?? error)))
  page.on('console', (message) => {
    if (message.type() === 'error') list.push(message.text())
  })
  return list
}
