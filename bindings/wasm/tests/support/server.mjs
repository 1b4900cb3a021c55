// The server of this tree, as people start it: `ropewalk serve` with SQLite.
import { spawn } from 'node:child_process'
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { build, root } from './paths.mjs'

const program = path.join(root, 'build/venv/server/bin/python')
const start = 'import sys; from ropewalk_server.cli import main; sys.exit(main())'

export class RopewalkServer {
  /** With an empty store; the port stays the same over restarts. `auth` and what else stands on the command line. */
  static async start(name, auth = 'dev', more = []) {
    const folder = path.join(build, 'server')
    mkdirSync(folder, { recursive: true })
    const server = new RopewalkServer()
    server.options = ['--auth', auth, ...more]
    server.database = path.join(folder, `${name}.db`)
    for (const end of ['', '-wal', '-shm']) rmSync(server.database + end, { force: true })
    await server.up()
    return server
  }

  port = 0
  #process = null
  #log = ''

  /** What runs it, and commands beside it. */
  program = program
  environment = { ...process.env, PYTHONPATH: path.join(root, 'server/src') }

  get url() {
    return `http://127.0.0.1:${this.port}/`
  }
  get socket() {
    return `ws://127.0.0.1:${this.port}`
  }

  async up() {
    if (this.#process !== null) return
    const args = ['serve', '--store', `sqlite:${this.database}`, ...this.options, '--port', String(this.port)]
    const child = spawn(program, ['-c', start, ...args], {
      cwd: root,
      env: this.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    const said = new Promise((resolve, reject) => {
      let out = ''
      child.stdout.on('data', (data) => {
        out += data
        const port = /http:\/\/127\.0\.0\.1:(\d+)\//.exec(out)?.[1]
        if (port) resolve(Number(port))
      })
      child.stderr.on('data', (data) => (this.#log = (this.#log + data).slice(-10_000)))
      child.once('exit', () => reject(new Error(`the server did not start:\n${this.#log}`)))
    })
    this.port = await said
  }

  /** kill -9: what is not on the disk is gone. */
  kill() {
    return this.#end('SIGKILL')
  }
  stop() {
    return this.#end('SIGINT')
  }

  async #end(signal) {
    const child = this.#process
    if (child === null) return
    this.#process = null
    const gone = new Promise((resolve) => child.once('exit', resolve))
    child.kill(signal)
    await gone
  }
}
