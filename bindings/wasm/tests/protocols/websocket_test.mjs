// y-websocket and its server as they are: each of the server and two clients on either engine.
import assert from 'node:assert/strict'
import { load } from '../support/engines.mjs'
import { finish, test, until } from '../support/test.mjs'

const engines = Object.fromEntries(
  await Promise.all(['yjs', 'ropewalk'].map(async engine => [engine, await load(engine, import.meta.url)('./engine.mjs')])),
)
let rooms = 0

async function together(serverName, names, run) {
  const server = await engines[serverName].serve()
  const room = `room-${++rooms}`
  const join = name => ({ engine: engines[name], name, provider: engines[name].connect(server.url, room) })
  const clients = names.map(join)
  try {
    await until('all are connected', () => clients.every(({ provider }) => provider.synced))
    await run(clients, { server, room, inRoom: () => engines[serverName].docs.get(room) })
  } finally {
    for (const { provider } of clients) {
      provider.destroy()
      provider.doc.destroy()
    }
    await server.close()
  }
}

const shown = ({ engine, provider }) => engine.show(provider.doc)
const same = clients => clients.every(client => shown(client) === shown(clients[0]))
const untilSame = clients => until('all have the same', () => same(clients), () => clients.map(shown).join('\n    '))

for (const serverName of ['ropewalk', 'yjs']) {
  for (const names of [['ropewalk', 'ropewalk'], ['ropewalk', 'yjs'], ['yjs', 'yjs']]) {
    const who = `server ${serverName}, clients ${names.join(' and ')}`

    await test(`${who}: what one does the other sees`, () =>
      together(serverName, names, async (clients, { inRoom }) => {
        const [a, b] = clients
        a.engine.fill(a.provider.doc, 'a')
        b.engine.fill(b.provider.doc, 'b')
        await untilSame(clients)
        assert.match(shown(a), /a\.png.*b\.png|b\.png.*a\.png/)
        for (let i = 0; i < 50; i++) clients[i % 2].provider.doc.getText('text').insert(i, String.fromCharCode(65 + (i % 26)))
        b.provider.doc.getText('text').delete(3, 20)
        a.provider.doc.getXmlFragment('xml').delete(0, 1)
        await untilSame(clients)
        await until('the server has it, too', () => engines[serverName].show(inRoom()) === shown(a))
      }))

    await test(`${who}: away for a while`, () =>
      together(serverName, names, async clients => {
        const [a, b] = clients
        a.engine.fill(a.provider.doc, 'before')
        await untilSame(clients)
        b.provider.disconnect()
        await until('b is away', () => !b.provider.wsconnected)
        a.provider.doc.getText('text').insert(2, 'online ')
        b.provider.doc.getText('text').insert(4, 'offline ')
        b.provider.doc.getMap('map').delete('before')
        b.provider.connect()
        await until('b is back', () => b.provider.synced)
        await untilSame(clients)
        assert.match(shown(a), /online/)
        assert.match(shown(a), /offline/)
      }))

    await test(`${who}: presence`, () =>
      together(serverName, names, async ([a, b]) => {
        a.provider.awareness.setLocalStateField('user', { name: 'ana' })
        const seen = () => b.provider.awareness.getStates().get(a.provider.doc.clientID)
        await until('b sees a', () => seen()?.user?.name === 'ana')
        a.provider.disconnect()
        await until('b sees a go', () => seen() === undefined)
      }))
  }
}

for (const [first, second] of [['ropewalk', 'ropewalk'], ['ropewalk', 'yjs'], ['yjs', 'ropewalk']]) {
  await test(`${first} and ${second}: tabs of one browser, without a server`, async () => {
    const room = `room-${++rooms}`
    const clients = [first, second].map(name => {
      const engine = engines[name]
      const provider = engine.connect('ws://127.0.0.1:9', room, { broadcast: true })
      return { engine, provider }
    })
    clients[0].engine.fill(clients[0].provider.doc, 'tab')
    await untilSame(clients)
    for (const { provider } of clients) provider.destroy()
  })
}

finish()
