// `ropewalk/provider` with y-websocket's server and its stock clients: it finds out that nobody there
// speaks more than y-websocket's protocol, and makes do with it.
import assert from 'node:assert/strict'
import { load } from '../support/engines.mjs'
import { finish, test, until } from '../support/test.mjs'

const yjs = await load('yjs', import.meta.url)('./engine.mjs')
const ropewalk = await load('ropewalk', import.meta.url)('./provider.mjs')
let rooms = 0

async function together(serverEngine, run) {
  const server = await serverEngine.serve()
  const room = `room-${++rooms}`
  const [ours, theirs] = [ropewalk.connect(server.url, room), yjs.connect(server.url, room)]
  try {
    await until('both are connected', () => ours.synced && theirs.synced, () => `${ours.state} ${JSON.stringify(ours.lastError)}`)
    await run({ ours, theirs, server, room })
  } finally {
    for (const provider of [ours, theirs]) {
      provider.destroy()
      provider.doc.destroy()
    }
    await server.close()
  }
}

const same = (ours, theirs) =>
  until('both have the same', () => ropewalk.show(ours.doc) === yjs.show(theirs.doc), () => `${ropewalk.show(ours.doc)}\n${yjs.show(theirs.doc)}`)

for (const [name, engine] of [['ropewalk', ropewalk], ['yjs', yjs]]) {
  await test(`server ${name}: both see what the other does; what was handed over does not wait`, () =>
    together(engine, async ({ ours, theirs }) => {
      ropewalk.fill(ours.doc, 'ours')
      yjs.fill(theirs.doc, 'theirs')
      for (let i = 0; i < 50; i++) [ours, theirs][i % 2].doc.getText('text').insert(i, String.fromCharCode(65 + (i % 26)))
      await same(ours, theirs)
      assert.equal(ours.acknowledges, false)
      assert.equal(ours.unsent, 0)
      assert.equal(ours.state, 'synced')
    }))

  await test(`server ${name}: away for a while`, () =>
    together(engine, async ({ ours, theirs }) => {
      ours.disconnect()
      assert.equal(ours.state, 'offline')
      ours.doc.getText('text').insert(0, 'offline ')
      theirs.doc.getText('text').insert(0, 'online ')
      assert.equal(ours.unsent, 1)
      ours.connect()
      await same(ours, theirs)
      await until('all is handed over', () => ours.state === 'synced' && ours.unsent === 0)
      assert.match(yjs.show(theirs.doc), /offline/)
    }))

  await test(`server ${name}: presence, ours and theirs`, () =>
    together(engine, async ({ ours, theirs }) => {
      const seen = (by, whom) => by.awareness.getStates().get(whom.doc.clientID)?.user?.name
      ours.awareness.setLocalStateField('user', { name: 'ours' })
      theirs.awareness.setLocalStateField('user', { name: 'theirs' })
      await until('each sees the other', () => seen(ours, theirs) === 'theirs' && seen(theirs, ours) === 'ours')
      ours.disconnect()
      await until('theirs sees ours go', () => seen(theirs, ours) === undefined)
      ours.connect()
      await until('theirs sees ours come back', () => seen(theirs, ours) === 'ours')
    }))

  await test(`server ${name}: the connection is cut again and again`, () =>
    together(engine, async ({ ours, theirs }) => {
      for (let round = 0; round < 5; round++) {
        ours.doc.getText('text').insert(0, `o${round} `)
        theirs.doc.getText('text').insert(0, `t${round} `)
        ours.ws.close()
        ours.doc.getText('text').insert(0, `c${round} `)
        await until('it is back', () => ours.wsconnected && ours.synced)
      }
      await same(ours, theirs)
      for (const mark of ['o', 't', 'c']) for (let round = 0; round < 5; round++) assert.ok(ropewalk.show(ours.doc).includes(`${mark}${round} `))
    }))
}

await test('an awareness of y-protocols will do, too', async () => {
  const server = await ropewalk.serve()
  const doc = new ropewalk.Y.Doc()
  const awareness = new ropewalk.awareness.Awareness(doc)
  const room = `room-${++rooms}`
  const provider = ropewalk.connect(server.url, room, { doc, awareness })
  const other = yjs.connect(server.url, room)
  awareness.setLocalStateField('user', { name: 'of y-protocols' })
  await until('the other sees it', () => other.awareness.getStates().get(doc.clientID)?.user?.name === 'of y-protocols')
  provider.destroy()
  // It was not made by the provider, so it stays.
  assert.deepEqual(awareness.getLocalState(), { user: { name: 'of y-protocols' } })
  other.destroy()
  doc.destroy()
  await server.close()
})

finish()
