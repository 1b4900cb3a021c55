// What AWS would be: `ropewalk emulate`, with a DynamoDB Local of its own that outlives it.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import path from 'node:path'
import { root } from './paths.mjs'

const program = path.join(root, 'build/venv/server/bin/python')
const start = 'import sys; from ropewalk_server.cli import main; sys.exit(main())'
const library = path.join(root, 'build/dynamodb-local')

const freePort = () =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address()
      server.close(() => resolve(port))
    })
  })

const answers = (port) =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => resolve(true) || socket.destroy())
    socket.once('error', () => resolve(false))
  })

export class EmulatedServer {
  /** With empty tables; the port stays the same over restarts. */
  static async start() {
    if (!existsSync(library)) throw new Error('DynamoDB Local is not there: tools/dynamodb.sh fetches it')
    const server = new EmulatedServer()
    server.#table = await freePort()
    const options = ['-Xmx256m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', `-Djava.library.path=${library}`]
    const main = 'com.amazonaws.services.dynamodbv2.local.main.ServerRunner'
    server.#database = spawn(
      'java',
      [...options, '-cp', `${library}/*`, main, '-inMemory', '-sharedDb', '-disableTelemetry', '-port', `${server.#table}`],
      { stdio: 'ignore' },
    )
    for (let i = 0; i < 600 && !(await answers(server.#table)); i++) await new Promise((later) => setTimeout(later, 100))
    await server.up()
    return server
  }

  port = 0
  #table = 0
  #database = null
  #process = null
  #log = ''

  get url() {
    return `http://127.0.0.1:${this.port}/`
  }

  async up() {
    if (this.#process !== null) return
    const args = ['emulate', '--port', `${this.port}`, '--dynamodb', `127.0.0.1:${this.#table}`, '--s3', 'none']
    const child = spawn(program, ['-c', start, ...args], {
      cwd: root,
      env: { ...process.env, PYTHONPATH: path.join(root, 'server/src') },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#process = child
    const said = new Promise((resolve, reject) => {
      let out = ''
      child.stdout.on('data', (data) => {
        this.#log = (this.#log + data).slice(-10_000)
        if (out === null) return
        out += data
        const port = /emulated AWS: http:\/\/127\.0\.0\.1:(\d+)\//.exec(out)?.[1]
        if (port) {
          resolve(Number(port))
          out = null
        }
      })
      child.stderr.on('data', (data) => (this.#log = (this.#log + data).slice(-10_000)))
      child.once('exit', () => reject(new Error(`the emulator did not start:\n${this.#log}`)))
    })
    this.port = await said
  }

  /** kill -9: API, functions and what they were at are gone; the tables are not. */
  kill() {
    return this.#end('SIGKILL')
  }
  async stop() {
    await this.#end('SIGINT')
    this.#database?.kill('SIGKILL')
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
