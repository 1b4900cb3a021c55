// The other process: one line asks, one line answers, in order. Many histories share it, so that
// lines travel in batches and nobody waits for a round trip.
import { spawn } from 'node:child_process'

export class PeerGone extends Error {}

export class Peer {
  constructor(path, patienceMs) {
    const script = path.endsWith('.mjs')
    // Whether it answers what is asked of storage.
    this.stores = !script
    this.child = spawn(script ? process.execPath : path, script ? [path] : [], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.waiting = []
    this.next = 0
    this.outgoing = []
    this.rest = ''
    this.gone = null
    this.documents = 0
    this.child.stdout.setEncoding('latin1')
    this.child.stdout.on('data', chunk => this.#receive(chunk))
    this.child.stdin.on('error', () => {})
    this.child.on('error', error => this.#lose(`could not be started: ${error.message}`))
    this.child.on('close', (code, signal) => this.#lose(`ended with ${signal ?? `status ${code}`}`))
    this.heard = Date.now()
    this.watch = setInterval(() => {
      if (this.next < this.waiting.length && Date.now() - this.heard > patienceMs) {
        this.#lose(`gave no answer for ${patienceMs / 1000} s`)
        this.child.kill('SIGKILL')
      }
    }, 1000)
    this.watch.unref()
  }

  // A number no other document of this process has.
  freshDocument() {
    return ++this.documents
  }

  ask(line) {
    if (this.gone) return Promise.reject(new PeerGone(this.gone))
    if (this.outgoing.length === 0) {
      setImmediate(() => this.#flush())
      if (this.next === this.waiting.length) this.heard = Date.now()
    }
    this.outgoing.push(line)
    return new Promise((resolve, reject) => this.waiting.push({ resolve, reject, line }))
  }

  close() {
    clearInterval(this.watch)
    this.child.stdin.end()
  }

  #flush() {
    const lines = this.outgoing
    this.outgoing = []
    if (!this.gone && lines.length > 0) this.child.stdin.write(lines.join('\n') + '\n')
  }

  #receive(chunk) {
    this.heard = Date.now()
    const lines = (this.rest + chunk).split('\n')
    this.rest = lines.pop()
    for (const line of lines) {
      const asked = this.waiting[this.next]
      this.waiting[this.next++] = undefined
      asked.resolve(line)
    }
    if (this.next > 4096) {
      this.waiting.splice(0, this.next)
      this.next = 0
    }
  }

  #lose(why) {
    if (this.gone) return
    this.gone = `the peer ${why}`
    clearInterval(this.watch)
    for (const asked of this.waiting.slice(this.next)) asked.reject(new PeerGone(this.gone))
    this.waiting = []
    this.next = 0
  }
}
