// Runs one history on both engines at once: every client is a Yjs document and a Ropewalk document
// with the same id, which do the same edits and receive the same messages, in either one's bytes.
import * as Y from 'yjs'
import { Difference, sameBytes, sameState, settle, stateOf } from './compare.mjs'
import { doEdit, rootOf, rootToken } from './edits.mjs'
import { EventLog, sameEvents } from './events.mjs'
import { applyUpdate, asV2, encodeState, listenTo, merge as mergeUpdates, updateToken } from './formats.mjs'
import { Rng } from './rng.mjs'
import { PeerGone } from './peer.mjs'
import { collected, deletions, forgotten, sameUnits, UpdateChecks } from './updates.mjs'
import { hex, unhex } from './values.mjs'

// Yjs notes one missing clock for each client that something waits for and does not look again
// before that one has come, even if another part could go on. Ropewalk does not wait so long;
// asking Yjs to look again puts both at the same point.
function applyToYjs(doc, updates) {
  for (const update of updates) applyUpdate(doc, update, 'remote')
  for (let before = null; doc.store.pendingStructs !== null; ) {
    const now = hex(Y.encodeStateVector(doc))
    if (now === before) return
    before = now
    const waiting = doc.store.pendingStructs.update
    doc.store.pendingStructs = null
    Y.applyUpdateV2(doc, waiting, 'remote')
  }
}

class Replica {
  constructor(name, client, number, gc, silent, v2) {
    this.name = name
    this.silent = silent
    this.v2 = v2
    this.client = client
    this.number = number
    this.yjs = new Y.Doc({ gc, guid: '-' })
    this.yjs.clientID = client
    this.cursors = new WeakMap()
    this.emitted = []
    this.events = null
    this.tidiedApart = false
    this.undo = null
    this.heard = { yjs: [], ropewalk: [] }
    listenTo(this.yjs, v2, update => this.emitted.push(update))
  }
}

// Of a copy that somebody has cut Yjs undoes the first piece only, and with it what has been joined
// to that. Ropewalk undoes the copy.
function hasCutCopies({ store }, { insertions }) {
  const itemAt = (client, clock) =>
    (store.clients.get(client) ?? []).find(item => item.id.clock <= clock && clock < item.id.clock + item.length)
  for (const [client, ranges] of insertions.clients) {
    for (const { clock: start, len } of ranges) {
      for (let clock = start; clock < start + len; ) {
        const struct = itemAt(client, clock)
        if (!struct) break
        const count = Math.min(struct.id.clock + struct.length, start + len) - clock
        let [item, offset] = [struct, clock - struct.id.clock]
        while (item.redone) {
          const at = item.redone.clock + offset
          item = itemAt(item.redone.client, at)
          offset = at - item.id.clock
        }
        if (item !== struct && item.length - offset !== count) return true
        clock += count
      }
    }
  }
  return false
}

// What is kept and what is forgotten are two blocks. Content may have come to an undo manager in one
// engine's bytes that the other had forgotten; and Yjs keeps what nobody can bring back any more.
function mayBeLonger(ours, theirs, replica, apart) {
  if (!replica.undo) return false
  const [gone, goneTheirs] = [forgotten(ours), forgotten(theirs)]
  if (sameUnits(gone, goneTheirs)) return heardCollected(ours, theirs, replica)
  return !apart || [...goneTheirs].every(unit => gone.has(unit))
}

// What a deleted type held is GC from an engine that has collected the type, and deleted items from
// one that keeps it, as Yjs does after clear(). Where the manager of the receiver keeps the type,
// they stay what they came as, in either engine.
function heardCollected(ours, theirs, { heard }) {
  const ourGC = collected(ours)
  const apart = [...collected(theirs)].filter(unit => !ourGC.has(unit))
  const [gone, goneTheirs] = [collected(...heard.ropewalk), collected(...heard.yjs)]
  return apart.length > 0 && apart.every(unit => goneTheirs.has(unit) && !gone.has(unit))
}

// Yjs brings back what stood between a copy and what it is a copy of with its origins in the wrong
// order, and then places it by how its items happen to be cut, in each replica for itself. Ropewalk
// puts it where the replica does that has undone, and writes origins that say so.
class ReplicasOfYjsDiffer extends Error {}
function wroteCrossedOrigins({ store }, client, from) {
  for (const item of store.clients.get(client) ?? []) {
    if (item.id.clock < from || !item.origin || !item.rightOrigin) continue
    const { client: other, clock } = item.rightOrigin
    const isRight = ({ id, length }) => id.client === other && id.clock <= clock && clock < id.clock + length
    let behind = item.right
    while (behind && !isRight(behind)) behind = behind.right
    if (!behind) return true
  }
  return false
}

class Run {
  constructor(history, peer, trace) {
    this.history = history
    this.peer = peer
    this.trace = trace
    this.messages = new Map()
    this.replicas = []
    this.formats = new Rng(history.seed ^ 0x2f2f)
    this.numbers = []
    this.forgotApart = false
    this.rootTokens = history.roots.map(rootToken).join(' ')
  }

  say(line) {
    this.trace?.push(typeof line === 'function' ? line() : line)
  }

  // An answer is "ok" and a value, or says what the engine refused.
  async ask(line) {
    const answer = await this.peer.ask(line)
    if (answer.startsWith('ok')) return answer.slice(3)
    throw new Difference('refused', `the peer answered "${answer}" to\n    ${line.slice(0, 2000)}`)
  }

  async open(name, client, silent = true, v2 = false, typed = true) {
    const replica = new Replica(name, client, this.peer.freshDocument(), this.history.gc, silent, v2)
    this.numbers.push(replica.number)
    await this.ask(`new ${replica.number} ${client} ${this.history.gc ? 1 : 0} ${silent ? 0 : v2 ? 2 : 1}`)
    // A root that has its type from the start is tidied up after remote changes.
    if (this.history.rich && typed) await this.check(replica)
    return replica
  }

  async manage(replica, { scope, endless, ignoreRemote, remote }) {
    const { roots } = this.history
    const types = scope?.map(i => rootOf(replica.yjs, roots[i]))
    if (scope?.length === 0) return
    replica.undo = new Y.UndoManager(types ?? replica.yjs, {
      captureTimeout: endless ? Infinity : 0,
      trackedOrigins: new Set(remote ? [null, 'tracked', 'remote'] : [null, 'tracked']),
      ignoreRemoteMapChanges: ignoreRemote,
      // A Yjs manager of the whole document also records transactions that change nothing.
      captureTransaction: tr =>
        tr.deleteSet.clients.size > 0 || [...tr.afterState].some(([client, clock]) => tr.beforeState.get(client) !== clock),
    })
    replica.managed = { scope, endless, ignoreRemote, remote }
    const tokens = scope === null ? '*' : scope.map(i => rootToken(roots[i])).join(' ')
    await this.ask(`manage ${replica.number} ${[endless, ignoreRemote, remote].map(Number).join(' ')} ${tokens}`)
  }

  async undo({ id, who, verb, look }) {
    const replica = this.replicas[who]
    if (!replica.undo) return
    const stack = { undo: replica.undo.undoStack, redo: replica.undo.redoStack }[verb] ?? []
    if (stack.some(item => hasCutCopies(replica.yjs, item))) return
    this.say(() => `[${id}] ${replica.name}: ${verb}`)
    let changed = false
    const before = Y.getState(replica.yjs.store, replica.client)
    if (verb === 'undo') changed = replica.undo.undo() !== null
    if (verb === 'redo') changed = replica.undo.redo() !== null
    if (verb === 'stop') replica.undo.stopCapturing()
    if (verb === 'clear') replica.undo.clear()
    const [answer, ...ours] = (await this.ask(`${verb} ${replica.number}`)).split(' ')
    const theirs = [changed ? 1 : 0, replica.undo.undoStack.length, replica.undo.redoStack.length]
    sameState(theirs.join(' '), ours.join(' '), `Yjs ${replica.name}`, `Ropewalk ${replica.name}`, 'stacks')
    this.messages.set(id, this.emitted(replica, [answer], true))
    await this.checkEvents(replica, true)
    const crossed = wroteCrossedOrigins(replica.yjs, replica.client, before)
    if (look || crossed) await this.check(replica)
    if (crossed) throw new ReplicasOfYjsDiffer()
  }

  async observe(replica) {
    replica.events = new EventLog(replica.yjs, this.history.roots)
    await this.ask(`observe ${replica.number} ${this.rootTokens}`)
  }

  async checkEvents(replica, exact) {
    if (!replica.events) return
    const [theirs, ours] = [replica.events.take(), await this.ask(`events ${replica.number}`)]
    if (!(await this.tidiesApart(replica))) sameEvents(theirs, ours, replica.name, exact)
  }

  // A mark that comes deleted is a mark in the bytes of an engine that keeps it for an undo manager,
  // and a unit of no kind in those of one that has forgotten it. Either calls for another tidying, so
  // until everybody has heard of both one engine may be told of marks that the other has deleted.
  async tidiesApart(replica) {
    if (!this.forgotApart) return false
    const before = replica.tidiedApart
    const vector = Y.encodeStateVector(replica.yjs)
    const [theirs, ours] = [await this.encode('yjs', replica, vector), await this.encode('ropewalk', replica, vector)]
    replica.tidiedApart = deletions(theirs) !== deletions(ours)
    return before || replica.tidiedApart
  }

  async check(replica) {
    const theirs = stateOf(replica.yjs, this.history.roots)
    const ours = await this.ask(`state ${replica.number} ${this.rootTokens}`)
    sameState(theirs, ours, `Yjs ${replica.name}`, `Ropewalk ${replica.name}`)
    return ours
  }

  // What both engines emitted: as many updates for `exact`, else something or nothing alike. Nobody
  // hears a silent replica: Yjs speaks for it.
  emitted(replica, answers, exact) {
    const yjs = replica.emitted.splice(0)
    const ropewalk = answers.flatMap(answer => (answer === '-' ? [] : answer.split(',').map(unhex).map(bytes => (replica.v2 ? asV2(bytes) : bytes))))
    const alike = exact ? yjs.length === ropewalk.length : (yjs.length > 0) === (ropewalk.length > 0)
    if (!replica.silent && !alike) {
      const [theirs, ours] = [yjs, ropewalk].map(list => list.map(hex).join(' ') || 'nothing')
      throw new Difference('emitted', `${replica.name}: Yjs emitted ${theirs}\n    Ropewalk emitted ${ours}`)
    }
    return { yjs, ropewalk: replica.silent ? yjs : ropewalk }
  }

  async apply(replica, forYjs, forRopewalk) {
    const { rich, managers = [] } = this.history
    if (rich && !this.forgotApart && managers.some(Boolean)) {
      this.forgotApart = !sameUnits(forgotten(...forYjs), forgotten(...forRopewalk))
    }
    if (replica.undo) {
      replica.heard.yjs.push(...forYjs)
      replica.heard.ropewalk.push(...forRopewalk)
    }
    applyToYjs(replica.yjs, forYjs)
    const answers = []
    for (const update of forRopewalk) answers.push(await this.ask(`apply ${replica.number} ${updateToken(update)}`))
    return answers
  }

  async encode(engine, replica, vector, v2 = false) {
    if (engine === 'yjs') return encodeState(replica.yjs, vector, v2)
    const bytes = unhex(await this.ask(`encode ${replica.number} ${vector ? hex(vector) : '-'} ${v2 ? 2 : 1}`))
    return v2 ? asV2(bytes) : bytes
  }

  // What goes to the Yjs replica and what to ours, each in a format of its own.
  async exchange(via, source, vector) {
    const formats = via.map(() => this.formats.chance(0.4))
    return Promise.all(via.map((engine, i) => this.encode(engine, source, vector, formats[i])))
  }

  async edit({ id, who, edits, cutPairs, loose, origin, look }) {
    const replica = this.replicas[who]
    const done = []
    const editAll = () => {
      for (const edit of edits) {
        const one = doEdit(replica.yjs, this.history.roots, replica.cursors, edit, cutPairs)
        if (one) done.push(one)
      }
    }
    if (loose) editAll()
    else replica.yjs.transact(editAll, origin ?? null)
    if (done.length === 0) return
    this.say(() => `[${id}] ${replica.name} edits${loose ? ' loosely' : ''}: ${done.map(one => one.text).join('; ')}`)
    const verb = loose ? 'loose' : origin ? `edit-${origin}` : 'edit'
    const answer = await this.ask(`${verb} ${replica.number} ${done.map(one => one.line).join(' ; ')}`)
    this.messages.set(id, this.emitted(replica, [answer], true))
    await this.checkEvents(replica, true)
    if (look) await this.check(replica)
  }

  async crowd({ id, from, clients, edits }) {
    const source = this.replicas[from]
    this.say(`[${id}] ${clients.length} clients copy ${source.name} and insert at one place`)
    const start = [Y.encodeStateAsUpdate(source.yjs), await this.encode('ropewalk', source)]
    const message = { yjs: [], ropewalk: [] }
    for (const [i, edit] of edits.entries()) {
      const passer = await this.open(`passer-by ${clients[i]}`, clients[i], false)
      await this.apply(passer, [start[0]], [start[1]])
      passer.emitted.length = 0
      const one = doEdit(passer.yjs, this.history.roots, passer.cursors, edit, false)
      const answer = await this.ask(`edit ${passer.number} ${one.line}`)
      const emitted = this.emitted(passer, [answer], true)
      message.yjs.push(...emitted.yjs)
      message.ropewalk.push(...emitted.ropewalk)
      await this.ask(`drop ${this.numbers.pop()}`)
    }
    this.messages.set(id, message)
  }

  async deliver({ id, to, of, via, merge, order, look }) {
    const replica = this.replicas[to]
    const known = of.map(message => this.messages.get(message)).filter(Boolean)
    const [forYjs, forRopewalk] = via.map(engine => new Rng(order).shuffle(known.flatMap(message => message[engine])))
    if (forYjs.length === 0 && forRopewalk.length === 0) return
    const bundle = list => (merge && list.length > 1 ? [mergeUpdates(list)] : list)
    this.say(() => `[${id}] ${replica.name} receives ${merge && known.length > 1 ? 'merged ' : ''}${of.map(m => `[${m}]`).join(' ')} (Yjs from ${via[0]}, Ropewalk from ${via[1]})`)
    const answers = await this.apply(replica, bundle(forYjs), bundle(forRopewalk))
    this.messages.set(id, this.emitted(replica, answers, false))
    await this.checkEvents(replica, false)
    if (look) await this.check(replica)
  }

  async sync({ from, to, via, look }) {
    const [source, target] = [this.replicas[from], this.replicas[to]]
    this.say(`${target.name} syncs from ${source.name} (Yjs from ${via[0]}, Ropewalk from ${via[1]})`)
    const vector = Y.encodeStateVector(target.yjs)
    const [forYjs, forRopewalk] = await this.exchange(via, source, vector)
    await this.apply(target, [forYjs], [forRopewalk])
    target.emitted.length = 0
    await this.checkEvents(target, false)
    if (look) await this.check(target)
  }

  async copy(source, name, client, silent, via) {
    const replica = await this.open(name, client, silent, source.v2)
    const [forYjs, forRopewalk] = await this.exchange(via, source)
    await this.apply(replica, [forYjs], [forRopewalk])
    replica.emitted.length = 0
    const [before, after] = [await this.check(source), await this.check(replica)]
    // Loading tidies up after itself.
    if (!this.history.rich) sameState(before, after, source.name, name, 'copy')
    return replica
  }

  async load({ from, via }) {
    const source = this.replicas[from]
    this.say(`a fresh replica loads ${source.name} (Yjs from ${via[0]}, Ropewalk from ${via[1]})`)
    // An id that no client of the history has.
    await this.copy(source, `a copy of ${source.name}`, 987_654_321_012_345, true, via)
  }

  async restart({ who, client, via }) {
    const old = this.replicas[who]
    this.say(`${old.name} restarts as client ${client} (Yjs from ${via[0]}, Ropewalk from ${via[1]})`)
    const replica = await this.copy(old, old.name, client, old.silent, via)
    if (old.events) await this.observe(replica)
    if (old.undo) await this.manage(replica, old.managed)
    this.replicas[who] = replica
  }

  // Everyone hears everything: all tell the first, the first tells all.
  async settleAll() {
    const { last } = this.history
    const present = this.replicas.map((_, i) => i).filter(i => this.replicas[i])
    const [first, ...others] = present
    for (const i of others) await this.sync({ from: i, to: first, via: last[2 * i] })
    for (const i of others) await this.sync({ from: first, to: i, via: last[2 * i + 1] })
    return present.map(i => this.replicas[i])
  }

  // Everything that was said, by either engine, as values.
  async checkUpdates(replica) {
    const rng = new Rng(this.history.seed ^ 0x3e3e)
    if (!rng.chance(0.5) || this.history.steps.length > 400) return
    const said = [...this.messages.values()].flatMap(message => message[rng.pick(['yjs', 'ropewalk'])])
    const checks = new UpdateChecks(line => this.ask(line), rng, this.history.roots, this.peer.stores)
    await checks.run(said, Y.encodeStateAsUpdate(replica.yjs))
  }

  async finish() {
    let replicas = await this.settleAll()
    // What everybody tidied has to go round, too.
    for (let round = 0; this.history.rich && round < 3; round++) replicas = await this.settleAll()
    const { gc, apart } = this.history
    await this.checkUpdates(replicas[0])
    let first = null
    for (const replica of replicas) {
      const state = await this.check(replica)
      const theirs = Y.encodeStateAsUpdate(replica.yjs)
      const ours = await this.encode('ropewalk', replica)
      const settled = settle(theirs, gc)
      sameBytes(settled, settle(ours, gc), 'Yjs, loaded by Yjs', 'Ropewalk, loaded by Yjs')
      const canonical = await this.ask(`canonical ${replica.number}`)
      const theirsV2 = await this.encode('yjs', replica, undefined, true)
      const oursV2 = await this.encode('ropewalk', replica, undefined, true)
      sameBytes(settled, settle(oursV2, gc), 'Yjs, loaded by Yjs', 'Ropewalk in V2, loaded by Yjs')
      for (const [whose, bytes] of [['Yjs', theirs], ['Ropewalk', ours], ['Yjs (V2)', theirsV2], ['Ropewalk (V2)', oursV2]]) {
        const loaded = await this.open(`what ${whose} wrote, loaded by Ropewalk`, 987_654_321_012_346, true, false, false)
        await this.ask(`apply ${loaded.number} ${updateToken(bytes)}`)
        sameBytes(canonical, await this.ask(`canonical ${loaded.number}`), `canonical ${replica.name}`, loaded.name, 'canonical')
        sameState(state, await this.ask(`state ${loaded.number} ${this.rootTokens}`), replica.name, loaded.name, 'loaded')
      }
      if (ours.length > theirs.length && !mayBeLonger(ours, theirs, replica, apart)) {
        throw new Difference('longer', `${ours.length} bytes, Yjs writes ${theirs.length}\n    ${hex(ours)}\n    ${hex(theirs)}`)
      }
      if (state.split(' ')[1] !== '0') throw new Difference('waiting', `${replica.name} still waits for something`)
      first ??= { replica, state, settled, canonical }
      sameState(first.state, state, first.replica.name, replica.name, 'converge')
      sameBytes(first.canonical, canonical, `canonical ${first.replica.name}`, `canonical ${replica.name}`, 'converge')
      sameBytes(first.settled, settled, `${first.replica.name}, settled`, `${replica.name}, settled`, 'converge')
    }
  }

  async all() {
    const { clients, silent, inV2, observed, managers = [], absent = [] } = this.history
    for (const [i, client] of clients.entries()) {
      const replica = absent.includes(i) ? null : await this.open(`client ${client}`, client, silent[i], inV2[i])
      if (replica && observed[i]) await this.observe(replica)
      if (replica && managers[i]) await this.manage(replica, managers[i])
      this.replicas.push(replica)
    }
    for (const step of this.history.steps) await this[step.do](step)
    this.say('all sync')
    await this.finish()
  }
}

// Null, or the Difference that was found. A peer that went away is the caller's business.
export async function runHistory(history, peer, trace = null) {
  const run = new Run(history, peer, trace)
  try {
    await run.all()
    return null
  } catch (error) {
    if (error instanceof Difference) return error
    if (error instanceof ReplicasOfYjsDiffer) return null
    if (error instanceof PeerGone) throw error
    return new Difference('threw', error.stack)
  } finally {
    if (!peer.gone && run.numbers.length > 0) peer.ask(`drop ${run.numbers.join(' ')}`).catch(() => {})
  }
}
