// A socket without a network, and the other end of it in the hands of the test.
import * as Y from 'ropewalk'
import { Decoder, Encoder, WebsocketProvider } from 'ropewalk/provider'
import { expect, vi } from 'vitest'

export type Message = { type: number; [field: string]: any }

const json = (type: number, value: unknown) => new Encoder().uint(type).string(JSON.stringify(value)).toBytes()

/** What a client has said, taken apart. */
export function read(bytes: Uint8Array): Message {
  const from = new Decoder(bytes)
  const type = from.uint()
  if (type === 0) return { type, step: from.uint(), bytes: from.sized() }
  if (type === 1) return { type, update: from.sized() }
  if (type === 120) return { type, ...JSON.parse(from.string()) }
  if (type === 122) return { ...read(bytes.subarray((from.uint(), from.pos))), number: read122(bytes) }
  if (type === 126) {
    const document = from.string()
    return { ...read(bytes.subarray(from.pos)), document }
  }
  if (type === 127) return { type, token: from.string() }
  return { type }
}
const read122 = (bytes: Uint8Array) => new Decoder(bytes.subarray(1)).uint()

/** One connection, as the server sees it. */
export class Peer {
  static all: Peer[] = []
  static get last(): Peer {
    return Peer.all.at(-1)!
  }

  readyState = 0
  binaryType = ''
  onopen: any = null
  onmessage: any = null
  onclose: any = null
  onerror: any = null
  said: Message[] = []
  frames: (Uint8Array | string)[] = []

  constructor(
    readonly url: string,
    readonly protocols: string[]
  ) {
    Peer.all.push(this)
  }

  send(frame: Uint8Array | string): void {
    this.frames.push(frame)
    if (typeof frame !== 'string') this.said.push(read(frame))
  }
  close(): void {
    this.readyState = 3
  }

  // -- the server's side --

  open(): this {
    this.readyState = 1
    this.onopen?.({})
    return this
  }
  say(bytes: Uint8Array | string): void {
    const data = typeof bytes === 'string' ? bytes : new Uint8Array(bytes).buffer
    this.onmessage?.({ data })
  }
  drop(code = 1006, reason = ''): void {
    this.readyState = 3
    this.onclose?.({ code, reason })
  }
  /** Says them, and forgets what was said before. */
  takeSaid(type?: number): Message[] {
    const said = this.said
    this.said = []
    return type === undefined ? said : said.filter((message) => message.type === type)
  }

  welcome(fields: object = {}): void {
    this.say(json(121, { v: 1, user: { id: 'u', name: 'U', color: '#000' }, role: 'editor', epoch: 1, ...fields }))
  }
  ask(doc = new Y.Doc()): void {
    this.say(sync(0, Y.encodeStateVector(doc)))
  }
  answer(doc = new Y.Doc()): void {
    this.say(sync(1, Y.encodeStateAsUpdate(doc)))
  }
  ack(number: number): void {
    this.say(new Encoder().uint(123).uint(number).toBytes())
  }
  refuse(number: number, code = 'forbidden', message = 'you may only read'): void {
    this.say(new Encoder().uint(124).uint(number).string(JSON.stringify({ code, message })).toBytes())
  }
  epoch(epoch: number, had?: Uint8Array): void {
    this.say(json(125, had === undefined ? { epoch } : { epoch, had: btoa(String.fromCharCode(...had)) }))
  }
  update(update: Uint8Array): void {
    this.say(sync(2, update))
  }
  store(state: 'unsynced' | 'syncing', message = ''): void {
    this.say(json(119, { state, message }))
  }
  event(event: object): void {
    this.say(json(118, event))
  }
  inDocument(document: string, bytes: Uint8Array): void {
    this.say(new Encoder().uint(126).string(document).raw(bytes).toBytes())
  }

  /** From the hello to where all is synced. */
  join(doc = new Y.Doc(), fields: object = {}): this {
    if (this.readyState === 0) this.open()
    this.welcome(fields)
    this.ask(doc)
    this.answer(doc)
    const offer = this.said.filter(({ number }) => number !== undefined).at(-1)
    if (offer) this.ack(offer.number)
    return this
  }
}

export const sync = (step: number, bytes: Uint8Array) => new Encoder().uint(0).uint(step).sized(bytes).toBytes()
export const welcomeOf = (fields: object) => json(121, { v: 1, ...fields })

/** What has been promised has happened, and no time has passed. */
export const settle = async () => {
  for (let i = 0; i < 20; i++) await Promise.resolve()
  if (vi.isFakeTimers()) await vi.advanceTimersByTimeAsync(0)
}

/** A provider whose socket is there, not yet open. */
export async function provide(options: object = {}, doc = new Y.Doc(), room = 'room') {
  Peer.all = []
  const provider = new WebsocketProvider('ws://server/collab/', room, doc, {
    WebSocketPolyfill: Peer as any,
    storage: null,
    disableBc: true,
    ...options
  })
  const told: string[] = []
  provider.on('state', ({ state }) => {
    if (told.at(-1) !== state) told.push(state)
  })
  await settle()
  return { provider, doc, text: doc.getText('t'), told }
}

export const equalDocs = (a: Y.Doc, b: Y.Doc) => {
  expect(a.getText('t').toDelta()).toEqual(b.getText('t').toDelta())
  expect(Y.encodeStateVector(a)).toEqual(Y.encodeStateVector(b))
}

/** Somebody writes these characters one by one: the last of the updates, and what comes before it. */
export const laterOf = (characters: string, earlier: Uint8Array[] = []): Uint8Array => {
  const doc = new Y.Doc()
  doc.on('update', (update) => earlier.push(update))
  for (const character of characters) doc.getText('t').insert(doc.getText('t').length, character)
  return earlier.pop()!
}
