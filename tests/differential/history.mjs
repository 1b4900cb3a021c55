// A history is data: who edits what, and which messages reach whom. It is made from the seed alone,
// before any document exists, so steps can be taken out of it and the rest still runs: places are
// raw numbers, fitted to the document at hand when the step runs; messages are named by the step
// that made them.
//
//   { do: 'edit', who, edits: [edit], loose }    one transaction, or one for each edit if loose;
//                                               what it emits is message `id`
//   { do: 'crowd', from, clients, edits }       each of many passers-by copies a replica and does
//                                               its one edit; together they are message `id`
//   { do: 'deliver', to, of: [ids], via, merge, order }
//                                               messages, merged by Yjs or singly, shuffled
//   { do: 'sync', from, to, via }               state vector one way, the difference back
//   { do: 'load', from, via }                   the whole state into fresh documents
//   { do: 'restart', who, client, via }         the replica is reopened from its own state
//   { do: 'undo', who, verb }                   undo, redo, stop or clear, by its undo manager; what it
//                                               emits is message `id`
//
// `managers` says for each client what its undo manager looks after (see managerOf), or null.
//
// Clients `inV2` tell their updates in format V2; states go in either.
//
// `via` says whose bytes go where: [engine for the Yjs replica, engine for the Ropewalk replica].
import { Rng } from './rng.mjs'
import { randomRichEdit, richness } from './rich.mjs'
import { randomText, randomValue } from './values.mjs'
import { randomXmlEdit, xmlness } from './xml.mjs'

// The roots of `observed` clients are observed deeply, on both sides.
//
// `silent` clients have nobody listening on the Ropewalk side (Yjs's updates stand for theirs), and
// state is compared after a step only with probability `look`: listening and reading are what
// make an engine finish what it may have put off.
const kKeys = ['a', 'b', 'key', '', '0', '__proto__', 'constructor', 'é', '😀', 'a\u0000b', 'toString']
const kNames = ['', 'root', '__proto__', 'Ω', '😀', '0', 'constructor']
const kSmallIds = [0, 1, 2, 3, 7, 63, 64, 127, 128, 300]
const kBigIds = [2 ** 31 - 1, 2 ** 31, 2 ** 31 + 1, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 5, 2 ** 53 - 2, 2 ** 53 - 1]

function freshId(rng, taken) {
  for (;;) {
    const id = rng.weighted([
      [2, () => rng.pick(kSmallIds)],
      [2, () => rng.pick(kBigIds)],
      [3, () => rng.bits()],
      [2, () => (rng.bits() % 2 ** 21) * 2 ** 32 + rng.bits()],
    ])()
    if (!taken.has(id)) {
      taken.add(id)
      return id
    }
  }
}

// What kind of people these are: each seed leans somewhere, or everything would look alike.
function temperament(rng) {
  const gc = rng.chance(0.85)
  const big = rng.chance(0.05)
  return {
    gc,
    big,
    huge: big && gc && rng.chance(0.05),
    crowded: rng.chance(0.04),
    kinds: rng.weighted([
      [3, { text: 4, array: 3, map: 3 }],
      [2, { text: 9, array: 1, map: 1 }],
      [1, { text: 1, array: 9, map: 1 }],
      [1, { text: 1, array: 1, map: 9 }],
    ]),
    // Cutting a surrogate pair changes deleted content too, and only where the cut is seen:
    // replicas that keep deleted content would differ in it, in Yjs as well.
    cutPairs: gc && rng.chance(0.4),
    erase: rng.pick([0.1, 0.25, 0.4, 0.6]),
    nest: rng.pick([0, 1, 2, 3]),
    atRoot: rng.pick([0.3, 0.6, 0.9]),
    typing: rng.pick([0.1, 0.5, 0.8]),
    clash: rng.pick([0, 0.3, 0.8]),
    talk: rng.pick([0.3, 0.5, 0.65]),
    order: rng.pick(['first', 'any', 'any', 'last']),
    lose: rng.pick([0, 0.05, 0.3]),
    repeat: rng.pick([0, 0.1, 0.4]),
    loose: rng.pick([0, 0.3, 1]),
    silent: rng.pick([0, 0, 0.5]),
    look: rng.pick([1, 1, 0.3, 0]),
    unit: rng.pick(['utf16', 'utf16', 'utf8', 'code_point']),
    utf8: rng.pick([0, 0.5, 1]),
    steps: big ? rng.between(6, 14) : rng.weighted([[4, rng.between(4, 20)], [4, rng.between(20, 50)], [1, 120]]),
  }
}

// The scope is the whole document (null) or some of the roots; the capture timeout is 0 or endless,
// for clocks are not part of a history.
function managerOf(rng, roots) {
  return {
    scope: rng.chance(0.4) ? null : roots.map((_, i) => i).filter(() => rng.chance(0.7)),
    endless: rng.chance(0.3),
    ignoreRemote: rng.chance(0.3),
    remote: rng.chance(0.2),
  }
}

// Where in a list: at the last place this client worked, at a place everybody likes, or anywhere.
function place(rng, mood) {
  if (rng.chance(mood.typing)) return 'cursor'
  return rng.chance(mood.clash) ? 0 : rng.bits()
}

function randomEdit(rng, mood, keys) {
  const kinds = Object.entries(mood.kinds).map(([kind, weight]) => [weight, kind])
  const on = rng.weighted(kinds)
  const edit = { on, pick: rng.chance(mood.atRoot) ? 0 : rng.bits() }
  const erases = rng.chance(mood.erase)
  if (on === 'text') edit.unit = mood.unit
  const value = inMap => randomValue(rng, { inMap, nesting: mood.nest, keys, mood })
  if (on === 'map') {
    const key = rng.pick(keys)
    if (!erases) return { ...edit, verb: 'set', key, value: value(true) }
    return rng.chance(0.12) ? { ...edit, verb: 'clear' } : { ...edit, verb: 'unset', key }
  }
  const at = place(rng, mood)
  if (on === 'attribute' || (on === 'fragment' && !erases)) return randomXmlEdit(rng, mood, edit, at, erases)
  if (on === 'text' && mood.rich > 0 && !erases && rng.chance(mood.rich)) {
    return randomRichEdit(rng, mood, keys, at)
  }
  if (erases) return { ...edit, verb: 'erase', at, count: rng.weighted([[4, 1], [3, rng.between(2, 5)], [1, 100]]) }
  if (on === 'text') {
    const text = randomText(rng, rng.weighted([[4, 1], [3, 5], [1, 40]]))
    return { ...edit, verb: 'insert', at, text, utf8: rng.chance(mood.utf8) }
  }
  const values = Array.from({ length: rng.weighted([[5, 1], [3, 3], [1, 12]]) }, () => value(false))
  return { ...edit, verb: rng.chance(0.2) ? 'push' : 'insert', at, values }
}

// Many single-unit edits at once, so that the list outgrows one node of any tree; a huge one
// outgrows a node of nodes.
function scatteredEdits(rng, mood, keys, huge) {
  const on = huge || rng.chance(0.7) ? 'text' : 'array'
  const pick = huge || rng.chance(0.7) ? 0 : rng.bits()
  const unit = huge ? 'utf16' : mood.unit
  // One long run to be cut by the others, or by those of another client.
  const long = { on: 'text', verb: 'insert', pick, at: rng.bits(), unit, utf8: true }
  long.text = randomText(rng, 1).repeat(huge ? 5000 : rng.between(300, 1500))
  const scattered = Array.from({ length: huge ? 5000 : rng.between(40, 200) }, () => {
    const edit = { on, pick, at: rng.bits(), unit, utf8: true }
    if (rng.chance(mood.erase / 2)) return { ...edit, verb: 'erase', count: rng.between(1, 3) }
    if (on === 'text') return { ...edit, verb: 'insert', text: randomText(rng, 1) }
    return { ...edit, verb: 'insert', values: [randomValue(rng, { inMap: false, nesting: 0, keys })] }
  })
  return on === 'text' && (huge || rng.chance(0.5)) ? [long, ...scattered] : scattered
}

// What everybody in a crowd does: insert at one place, give or take a little.
function crowdEdits(rng, mood, count) {
  const on = rng.chance(0.7) ? 'text' : 'array'
  const at = rng.chance(0.5) ? 0 : rng.bits()
  const spread = rng.pick([0, 0, 2])
  return Array.from({ length: count }, (_, i) => {
    const edit = { on, pick: 0, at: at + rng.between(0, spread), unit: mood.unit, utf8: true }
    return on === 'text'
      ? { ...edit, verb: 'insert', text: String.fromCodePoint(0x4e00 + i) }
      : { ...edit, verb: 'insert', values: [{ any: i }] }
  })
}

export function makeHistory(seed) {
  const rng = new Rng(seed)
  const mood = temperament(rng)
  Object.assign(mood, richness(new Rng(seed ^ 0x51c4)))
  Object.assign(mood, xmlness(new Rng(seed ^ 0x786d)))
  if (mood.xml > 0) mood.kinds = { ...mood.kinds, fragment: mood.xml, attribute: Math.ceil(mood.xml / 3) }
  // Yjs cuts a pair also for a format that is there already, and tells nobody.
  if (mood.rich > 0) mood.cutPairs = false
  const taken = new Set()
  const clients = Array.from({ length: rng.between(2, 6) }, () => freshId(rng, taken))
  const keys = Array.from({ length: rng.between(1, 5) }, () => rng.pick(kKeys))
  const roots = [
    { kind: 'text', name: 't' },
    { kind: 'array', name: 'a' },
    { kind: 'map', name: 'm' },
  ]
  if (rng.chance(0.4)) roots.push({ kind: rng.pick(['text', 'array', 'map']), name: rng.pick(kNames) })

  roots.push(...mood.roots)

  // Dice of its own: histories without undo stay what they were.
  const undoRng = new Rng(seed ^ 0x5bd1e995)
  const managers = clients.map(() => null)
  const undoing = undoRng.chance(0.5) ? undoRng.pick([0.1, 0.3, 0.5]) : 0
  if (undoing > 0) {
    // What is brought back must not depend on who saw a pair being cut.
    mood.cutPairs = false
    for (const i of clients.keys()) if (undoRng.chance(0.6)) managers[i] = managerOf(undoRng, roots)
  }

  // Whether each hears its own kind only.
  const apart = undoing > 0 && undoRng.chance(0.3)
  const via = () => {
    const mixed = [rng.pick(['yjs', 'ropewalk']), rng.pick(['yjs', 'ropewalk'])]
    return apart ? ['yjs', 'ropewalk'] : mixed
  }
  const someone = () => rng.below(clients.length)
  const steps = []
  const inFlight = []
  const sent = []

  const push = step => steps.push({ id: steps.length, ...step, look: rng.chance(mood.look) })
  const post = (id, from) => {
    sent.push(id)
    for (let to = 0; to < clients.length; to++) {
      if (to === from || rng.chance(mood.lose)) continue
      inFlight.push({ id, to })
      if (rng.chance(mood.repeat)) inFlight.push({ id, to })
    }
  }
  const origin = () => (undoing > 0 ? undoRng.pick([null, null, 'tracked', 'other']) : null)
  const edit = () => {
    const who = someone()
    const loose = rng.chance(mood.loose)
    if (mood.big && rng.chance(0.5)) {
      // Once a history is enough of the huge. Looking for pairs in it would take all the time.
      const huge = mood.huge && !steps.some(step => step.huge)
      const edits = scatteredEdits(rng, mood, keys, huge)
      push({ do: 'edit', who, edits, cutPairs: huge || mood.cutPairs, loose: !huge && loose, huge, origin: origin() })
    } else {
      const edits = Array.from({ length: rng.between(1, 4) }, () => randomEdit(rng, mood, keys))
      push({ do: 'edit', who, edits, cutPairs: mood.cutPairs, loose, origin: origin() })
    }
    post(steps.length - 1, who)
  }
  const crowd = () => {
    const from = someone()
    const count = rng.weighted([[6, rng.between(20, 90)], [1, rng.between(350, 450)]])
    const passers = Array.from({ length: count }, () => freshId(rng, taken))
    push({ do: 'crowd', from, clients: passers, edits: crowdEdits(rng, mood, count) })
    post(steps.length - 1, null)
  }
  const undo = () => {
    const who = undoRng.pick(clients.map((_, i) => i).filter(i => managers[i]))
    const times = undoRng.weighted([[4, 1], [2, 2], [1, 6]])
    const verb = undoRng.weighted([[10, 'undo'], [7, 'redo'], [2, 'stop'], [1, 'clear']])
    for (let i = 0; i < times; i++) {
      push({ do: 'undo', who, verb })
      post(steps.length - 1, who)
    }
  }
  const deliver = () => {
    if (inFlight.length === 0) return edit()
    const at = { first: 0, last: inFlight.length - 1, any: rng.below(inFlight.length) }[mood.order]
    const [message] = inFlight.splice(at, 1)
    const of = [message.id]
    while (rng.chance(0.15)) of.push(rng.pick(sent))
    push({ do: 'deliver', to: message.to, of, via: via(), merge: rng.chance(0.5), order: rng.bits() })
    // What an apply emits is passed on now and then, as a relay would.
    if (rng.chance(0.1)) post(steps.length - 1, message.to)
  }

  while (steps.length < mood.steps) {
    if (managers.some(Boolean) && undoRng.chance(undoing)) undo()
    if (rng.chance(mood.talk)) {
      deliver()
    } else if (rng.chance(0.8)) {
      if (mood.crowded && rng.chance(0.15)) crowd()
      else edit()
    } else {
      const kind = rng.weighted([[5, 'sync'], [3, 'load'], [1, 'restart']])
      const who = someone()
      const step = { do: kind, via: via() }
      const to = (who + rng.between(1, clients.length - 1)) % clients.length
      if (kind === 'sync') push({ ...step, from: who, to })
      if (kind === 'load') push({ ...step, from: who })
      if (kind === 'restart') push({ ...step, who, client: freshId(rng, taken) })
    }
  }
  const last = Array.from({ length: 2 * clients.length }, via)
  const silent = clients.map(() => rng.chance(mood.silent))
  const observed = clients.map(() => rng.chance(0.7))
  const inV2 = clients.map(() => rng.chance(0.35))
  const rich = mood.rich > 0
  return { seed, gc: mood.gc, rich, apart, clients, silent, inV2, observed, managers, roots, steps, last }
}
