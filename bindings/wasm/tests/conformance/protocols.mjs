// The steps of messages and awareness: msg.*, aw.*, clock. The protocols are those of y-protocols, on the
// package's documents.
import * as decoding from 'lib0/decoding'
import * as encoding from 'lib0/encoding'
import { readAuthMessage, writePermissionDenied } from 'y-protocols/auth'
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate, removeAwarenessStates } from 'y-protocols/awareness'
import * as sync from 'y-protocols/sync'
import { advanceClock } from '../support/clock.mjs?shared'
import { compareUpdates, inV1 } from './updates.mjs'
import { base64, blob, fromJs, sortPairs, toJs } from './values.mjs'

// An awareness and what it has told.
class Present {
  #log = []

  constructor(doc) {
    // Its check runs when a step says so.
    const { setInterval } = globalThis
    globalThis.setInterval = check => {
      this.check = check
    }
    this.awareness = new Awareness(doc)
    globalThis.setInterval = setInterval
    for (const event of ['change', 'update']) {
      this.awareness.on(event, (changes, origin) => this.#log.push({ event, ...changes, origin }))
    }
  }

  // What it shows, and what it has told since the last time.
  show() {
    const { states, meta } = this.awareness
    return {
      log: this.#log.splice(0),
      states: sortPairs([...states].map(([client, state]) => [client, fromJs(state)])),
      clocks: sortPairs([...meta].map(([client, { clock }]) => [client, clock])),
    }
  }
}

export class ProtocolSteps {
  names = /^(msg|aw)\.|^clock$/
  #messages = new Map()
  #present = new Map()

  constructor(script) {
    this.script = script
  }

  run(step, expect) {
    if (step.do === 'msg.read') this.#readMessage(step, expect)
    else if (step.do.startsWith('msg.')) this.#writeMessage(step, expect)
    else if (step.do === 'clock') this.#passTime(step, expect)
    else this.#act(step, expect)
  }

  #keep({ id }, recorded, own) {
    if (id) this.#messages.set(id, recorded === undefined || this.script.ownBytes ? own : blob(recorded))
  }

  #message(step, id, given) {
    return given in step ? blob(step[given]) : this.#messages.get(step[id])
  }

  // -- sync ---------------------------------------------------------------------------------------

  #writeMessage(step, expect) {
    const asks = step.do === 'msg.step1'
    const message = encoding.encode(encoder => {
      if (asks) sync.writeSyncStep1(encoder, this.script.replica(step.doc).doc)
      else sync.writeUpdate(encoder, this.script.updatesOf(step.of)[0])
    })
    // Our own update within it may be shorter than that of Yjs.
    if (asks || !this.script.ownBytes) this.script.check('bytes', expect.bytes, base64(message))
    this.#keep(step, expect.bytes, message)
  }

  #readMessage(step, expect) {
    const { script } = this
    const replica = script.replica(step.doc)
    const before = replica.encode(true)
    const decoder = decoding.createDecoder(this.#message(step, 'msg', 'message'))
    const encoder = encoding.createEncoder()
    let refused = null
    let type
    try {
      type = quietly(() => sync.readSyncMessage(decoder, encoder, replica.doc, 'remote', error => (refused = error)))
    } catch (error) {
      if (!expect.error) throw error
      return
    }
    if (expect.error) script.found.push({ where: '', expected: 'an error', got: 'none' })
    script.check('type', expect.type, type)
    script.check('applyFailed', expect.applyFailed ?? false, refused !== null)
    const reply = encoding.toUint8Array(encoder)
    script.check('reply', 'reply' in expect, reply.length > 0)
    if (reply.length > 0 && 'reply' in expect) {
      this.#compareReplies(replica, blob(expect.reply), reply)
      this.#keep(step, expect.reply, reply)
    }
    script.compareTold(replica, before, expect)
  }

  #compareReplies(replica, expected, got) {
    const [theirs, ours] = [expected, got].map(reply => {
      const decoder = decoding.createDecoder(reply)
      return { type: decoding.readVarUint(decoder), update: inV1(decoding.readVarUint8Array(decoder)) }
    })
    this.script.check('reply type', theirs.type, ours.type)
    compareUpdates(' reply', null, replica.gc, theirs.update, ours.update, this.script.found)
  }

  // -- awareness ----------------------------------------------------------------------------------

  #act(step, expect) {
    if (step.do === 'aw.new') this.#present.set(step.aw, new Present(this.script.replica(step.doc).doc))
    const present = this.#present.get(step.aw)
    const { awareness } = present
    switch (step.do) {
      case 'aw.set':
        awareness.setLocalState(toJs(step.state))
        break
      case 'aw.setField':
        awareness.setLocalStateField(step.field, toJs(step.value))
        break
      case 'aw.remove':
        removeAwarenessStates(awareness, step.clients, step.origin ?? 'remove')
        break
      case 'aw.encode': {
        const update = encodeAwarenessUpdate(awareness, step.clients)
        this.script.check('bytes', expect.bytes, base64(update))
        this.#keep(step, expect.bytes, update)
        break
      }
      case 'aw.apply':
        applyAwarenessUpdate(awareness, this.#message(step, 'id', 'update'), step.origin ?? 'remote')
    }
    const shown = present.show()
    for (const part of ['log', 'states', 'clocks']) this.script.check(part, expect[part], shown[part])
  }

  #passTime({ advance, tick }, expect) {
    advanceClock(advance)
    for (const [name, present] of this.#present) {
      if (tick) present.check()
      if (name in expect) this.script.check(name, expect[name], present.show())
    }
  }
}

// y-protocols prints what an update was refused for.
function quietly(act) {
  const { error } = console
  console.error = () => {}
  try {
    return act()
  } finally {
    console.error = error
  }
}

// -- calls ------------------------------------------------------------------------------------------

export const authDenied = ({ reason }) => base64(encoding.encode(encoder => writePermissionDenied(encoder, reason)))

export function readAuth({ message }) {
  let denied = null
  readAuthMessage(decoding.createDecoder(blob(message)), null, (_, reason) => {
    denied = reason
  })
  return { denied }
}
