// Keeps a document and a server together. The surface is that of y-websocket; beyond it, changes are
// kept until the server has acknowledged them, and `state` tells the truth about them.
import { applyUpdate, type Doc, encodeStateVector } from '../index.js'
import { Awareness, type AwarenessChange, type AwarenessLike, encodeAwarenessUpdate, removeAwarenessStates } from './awareness.js'
import { type Bytes, Decoder, Encoder } from './bytes.js'
import { Conversation } from './conversation.js'
import { Delivery } from './delivery.js'
import { messageHandlers } from './handlers.js'
import { Moving } from './moving.js'
import { Line, type LineListener, type ProviderError } from './line.js'
import * as messages from './messages.js'
import { type EpochEvent, lineOptions, type ProviderOptions, type SyncState } from './options.js'
import { Offering } from './offering.js'
import { Outbox } from './outbox.js'
import { Pace } from './pace.js'
import { type Epoch, type KeptAside, storageOf } from './storage.js'
import { Surface } from './surface.js'
import { Tabs } from './tabs.js'
import { Telling } from './telling.js'
import type { Wire } from './wire.js'

export class WebsocketProvider extends Surface {
  readonly awareness: AwarenessLike
  readonly messageHandlers = messageHandlers.slice()
  disableBc: boolean
  /** Whether it is to be connected, as far as the application is concerned. */
  shouldConnect: boolean
  /** What went wrong last; null once all is well again. */
  lastError: ProviderError | null = null
  /** What the server has said of us, and of itself; null if it has not. */
  welcome: messages.Welcome | null = null
  readonly #options: ProviderOptions
  protected readonly wire: Wire
  readonly #outbox: Outbox
  protected readonly tabs: Tabs
  readonly #conversation: Conversation
  readonly #delivery: Delivery
  readonly _offering: Offering
  readonly #moving: Moving
  #token: string | undefined
  #synced = false
  #storeTakes = true
  #replaced: EpochEvent | null = null
  #told: string | null = null
  readonly #telling = new Telling((clients) => this.#tellPresence(clients))
  readonly #pace = new Pace(() => {
    this.#delivery.sendChanges()
    this.#tellState()
  })
  #ownsAwareness: boolean
  #isDestroyed = false
  #resync: ReturnType<typeof setInterval> | undefined

  #doc: Doc

  constructor(serverUrl: string, roomname: string, doc: Doc, options: ProviderOptions = {}) {
    super(serverUrl.replace(/\/+$/, ''), roomname)
    const provider = this
    this.#doc = doc
    this.#options = options
    this.params = options.params ?? {}
    this.protocols = options.protocols ?? []
    this.disableBc = options.disableBc ?? false
    this.#ownsAwareness = options.awareness === undefined
    this.awareness = options.awareness ?? (new Awareness(doc) as AwarenessLike)
    this.shouldConnect = options.connect ?? true

    this.#outbox = new Outbox(this.bcChannel, storageOf(options.storage), (error) =>
      this.troubled({ code: 'storage', message: `changes are kept in memory alone: ${String(error)}` })
    )
    void this.#outbox.loaded.then((updates) => {
      this.#restore(updates)
      this.tabs.belongTo(this.#outbox.epoch)
    })
    this.tabs = new Tabs(this.bcChannel, {
      received: (message) => this.#heard(message, 'tabs'),
      greet: () => {
        this.#toTabs(messages.sync(messages.syncVector, encodeStateVector(this.doc)))
        this.#toTabs(this.#answer(new Uint8Array([0])))
        this.#toTabs(messages.queryAwareness())
        this.#toTabs(this.#awarenessOf([this.awareness.clientID]))
      }
    })
    this.#conversation = new Conversation(this.#conversed)
    this._offering = new Offering(this.#outbox, () => this.doc)
    this.#delivery = new Delivery(this.#outbox, this.#conversation, (error) => this.troubled(error))
    this.#moving = new Moving(this.#outbox, this.#conversation, () => this.#delivery.room, {
      get doc() {
        return provider.doc
      },
      moved: (epoch) => this.#moved(epoch),
      stayed: (epoch, error) => {
        this.troubled(error)
        void this.#isReplaced(epoch)
      },
      greet: () => this.#greet()
    })
    this.wire = options.connection?._join(roomname, this.#line, () => this.#prepare()) ?? new Line(lineOptions(this, options, () => this.#prepare()), this.#line)

    this.#watch(true)
    this.awareness.on('update', this.#awarenessChanged)
    if (options.resyncInterval !== undefined && options.resyncInterval > 0) {
      this.#resync = setInterval(() => this.#ask(), options.resyncInterval)
    }
    if (this.shouldConnect) this.connect()
  }

  /** Another one after the document was replaced, with `renewDocument`. */
  get doc(): Doc {
    return this.#doc
  }

  // -- what y-websocket has -----------------------------------------------------------------------

  /** Whether what the server had when we connected is here. */
  get synced(): boolean {
    return this.#synced
  }
  set synced(isSynced: boolean) {
    if (this.#synced === isSynced) return
    this.#synced = isSynced
    if (isSynced) this.wire.succeeded()
    this.emit('synced', [isSynced])
    this.emit('sync', [isSynced])
    this.#tellState()
  }

  connect(): void {
    if (this.#replaced !== null || this.#isDestroyed) return
    this.shouldConnect = true
    this.connectBc()
    this.wire.connect()
  }

  disconnect(): void {
    this.shouldConnect = false
    this.disconnectBc()
    this.wire.disconnect()
    this.#tellState()
  }

  connectBc(): void {
    if (this.disableBc || this.tabs.isOpen) return
    this.tabs.open()
  }

  /** Says goodbye, to the server too. */
  disconnectBc(): void {
    const goodbye = messages.awareness(
      encodeAwarenessUpdate(this.awareness, [this.awareness.clientID], new Map())
    )
    if (this.#conversation.isOpen) this.#send(goodbye)
    this.#toTabs(goodbye)
    this.tabs.close()
  }

  override destroy(): void {
    if (this.#isDestroyed) return
    this.disconnect()
    this.#isDestroyed = true
    clearInterval(this.#resync)
    this.#pace.stop()
    this.#telling.stop()
    this.wire.destroy()
    this.#watch(false)
    this.awareness.off('update', this.#awarenessChanged)
    if (this.#ownsAwareness) (this.awareness as unknown as Awareness).destroy()
    super.destroy()
  }

  // -- beyond it ----------------------------------------------------------------------------------

  get state(): SyncState {
    if (this.#moving.isMoving) return 'syncing'
    if (!this.#conversation.isOpen) return 'offline'
    if (!this.#storeTakes || this.#delivery.isRefused) return 'unsynced'
    return this.#synced && this.unsent === 0 && !this.#conversation.isWaiting ? 'synced' : 'syncing'
  }

  /** How many changes the server has not acknowledged. */
  get unsent(): number {
    return this.#outbox.size
  }

  /** Whether the server acknowledges what is durable; false for stock servers, and as long as none was reached. */
  get acknowledges(): boolean {
    return this.#conversation.phase === 'joined'
  }

  /** Which document this is a copy of, as far as the server has told. */
  get epoch(): Epoch | null {
    return this.#outbox.epoch
  }

  /** Resolves when unacknowledged changes of the page before this one are in the document. */
  get whenLoaded(): Promise<void> {
    return this.#outbox.loaded.then(() => {})
  }

  /** Resolves when every change made so far would survive a reload. */
  whenStored(): Promise<void> {
    return this.#outbox.written()
  }

  /** Changes that were not acknowledged when their document was replaced. */
  keptAside(): Promise<KeptAside[]> {
    return this.#outbox.aside()
  }
  forgetKeptAside(): Promise<void> {
    return this.#outbox.forgetAside()
  }

  /** Something went wrong that is told, not thrown. */
  troubled(error: ProviderError): void {
    this.lastError = error
    this.emit('error', [error])
    this.#tellState()
  }

  // -- the connection -----------------------------------------------------------------------------

  readonly #line: LineListener = {
    connecting: () => this.emit('status', [{ status: 'connecting' }]),
    opened: (token) => {
      this.#token = token
      this.emit('status', [{ status: 'connected' }])
      this.#greet()
    },
    received: (message) => this.#heard(message, 'socket'),
    closed: (event, wasOpen) => this.#closed(event, wasOpen),
    stopped: (event) => {
      this.shouldConnect = false
      this.emit('closed', [event, this])
      this.#tellState()
    },
    failed: (event) => this.emit('connection-error', [event, this]),
    troubled: (error) => this.troubled(error),
    tooLarge: () => this.#delivery.halve(),
    replaced: () => {
      if (this.#isEmpty()) return true
      void this.#isReplaced(null)
      return false
    },
    // Ours answers with everybody's presence, our own at least; a stock server, only what it lacks.
    quiet: () => {
      if (this.acknowledges && this.awareness.getLocalState() !== null) this.#send(messages.queryAwareness())
      else this.#ask()
    }
  }

  /** Before each attempt: what other tabs could not deliver goes along. */
  async #prepare(): Promise<void> {
    await this.#outbox.loaded
    this.#restore(await this.#outbox.adopt())
    await this.#fetchSnapshot()
  }

  async #fetchSnapshot(): Promise<void> {
    const { snapshot } = this.#options
    if (snapshot === undefined || encodeStateVector(this.doc).length > 1) return
    try {
      const found = await snapshot(this.roomname)
      // Changes of an older epoch wait here: the server is told of them first.
      if (found === null || (this.#outbox.epoch !== null && this.#outbox.epoch !== found.epoch)) return
      applyUpdate(this.doc, found.update, this)
      await this.#outbox.joined(found.epoch)
    } catch (error) {
      this.troubled({ code: 'snapshot', message: `all comes through the connection: ${String(error)}` })
    }
  }

  #restore(updates: Bytes[]): void {
    for (const update of updates) {
      try {
        applyUpdate(this.doc, update, this)
      } catch (error) {
        this.troubled({ code: 'storage', message: `a stored change cannot be read: ${String(error)}` })
      }
    }
    if (updates.length > 0) this.#tellState()
  }

  #greet(): void {
    this.#moving.end()
    this.#delivery.end()
    this._offering.end()
    this.synced = false
    const { epoch } = this.#outbox
    const hello: messages.Hello = { v: 1 }
    if (this.#token !== undefined) hello.token = this.#token
    if (epoch !== null) hello.epoch = epoch
    this.#conversation.open(hello, this.#options.protocol === 'y-websocket')
    this.#tellState()
  }

  readonly #conversed = {
    send: (message: Bytes) => this.#send(message),
    joined: (welcome: messages.Welcome) => {
      this.welcome = welcome
      this.wire.welcomed(welcome.expires)
      if (welcome.epoch !== undefined) void this.#outbox.joined(welcome.epoch)
      this.tabs.belongTo(this.#outbox.epoch)
      this.#begin(welcome.limits?.message)
      this.#moving.bringLeft()
    },
    isStock: () => this.#begin(undefined),
    renewed: (welcome: messages.Welcome) => {
      this.welcome = welcome
      this.wire.welcomed(welcome.expires)
    },
    acknowledged: (number: number) => {
      this.#outbox.acknowledged(number)
      this.#moving.acknowledged(number)
      this.#tellState()
    },
    refused: (number: number, { code, message }: messages.Refusal) => {
      if (this.#moving.refused(number, { code, message })) return
      this.#delivery.refused(number)
      this.troubled({ code, message })
    },
    replaced: (epoch: Epoch, had: Bytes | undefined) => {
      if (!this.#isEmpty()) {
        this._offering.end()
        if (had !== undefined && this.#outbox.epoch !== null) this.#moving.begin(epoch, had)
        else void this.#isReplaced(epoch)
        return this.#tellState()
      }
      // Nothing is here that would not fit.
      void this.#outbox.joined(epoch)
      this.#greet()
    },
    stored: (state: 'unsynced' | 'syncing', message: string) => {
      this.#storeTakes = state !== 'unsynced'
      if (this.#storeTakes) this.#tellState()
      else this.troubled({ code: 'store', message: message || 'the server cannot save changes at the moment' })
    },
    event: (event: { type: string }) => this.emit('event', [event])
  }

  /** We are in: both sides ask each other, and the others get to know that we are there. */
  #begin(limit: number | undefined): void {
    this.#storeTakes = true
    this.#delivery.begin(limit)
    this.#ask()
    const { awareness } = this
    // With a new clock: what the server has of us may be that we are gone.
    if (awareness.getLocalState() !== null) awareness.setLocalState(awareness.getLocalState())
    this.#tellState()
  }

  #closed(event: CloseEvent | null, wasOpen: boolean): void {
    this.emit('connection-close', [event, this])
    this.#conversation.close()
    this.#moving.end()
    this.#delivery.end()
    this._offering.end()
    this.synced = false
    if (wasOpen) {
      const others = [...this.awareness.getStates().keys()].filter((id) => id !== this.awareness.clientID)
      removeAwarenessStates(this.awareness, others, this)
      this.emit('status', [{ status: 'disconnected' }])
    }
    this.#tellState()
  }

  // -- messages -----------------------------------------------------------------------------------

  #heard(message: Uint8Array, through: 'socket' | 'tabs'): void {
    this.emit('traffic', [{ direction: 'in', through, message }])
    try {
      const decoder = new Decoder(message)
      const type = decoder.uint()
      if (through === 'socket' && this.#conversation.received(type, decoder)) return
      const encoder = new Encoder()
      // Unknown types are of a later version.
      this.messageHandlers[type]?.(encoder, decoder, this, through === 'socket', type)
      if (encoder.length > 1) this.#reply(encoder.toBytes(), through)
    } catch (error) {
      // Something of the document may be lacking now: both sides tell each other anew.
      if (through === 'socket' && message[0] !== messages.messageAwareness) this.wire.restart()
      this.troubled({ code: 'message', message: `a message could not be taken: ${String(error)}` })
    }
  }

  #reply(reply: Bytes, through: 'socket' | 'tabs'): void {
    if (through === 'tabs') return this.#toTabs(reply)
    const decoder = new Decoder(reply)
    const isAnswer = decoder.uint() === messages.messageSync && decoder.uint() === messages.syncAnswer
    if (isAnswer) this._offer(decoder.sized() as Bytes)
    else if (this.#conversation.isOpen) this.#send(reply)
  }

  /** The server has asked for what it lacks. */
  _offer(update: Bytes): void {
    // Who may not write answers, too, but offers nothing that would have to be refused.
    if (this.#mayOnlyRead && this.unsent === 0) {
      this.#delivery.answered()
      this.#send(messages.sync(messages.syncAnswer, update))
    } else this.#delivery.offer(update)
    this.#tellState()
  }

  readonly #changed = (update: Bytes, origin: unknown): void => {
    if (origin === this) return
    this.#outbox.add(update)
    if (this.#pace.take()) this.#delivery.sendChanges()
    this.#toTabs(messages.sync(messages.syncUpdate, update))
    this.#tellState()
  }

  readonly #awarenessChanged = ({ added, updated, removed }: AwarenessChange, origin: unknown): void => {
    if (origin === this) return
    this.#telling.add([...added, ...updated, ...removed])
  }

  #tellPresence(clients: number[]): void {
    const message = this.#awarenessOf(clients)
    if (this.#conversation.isOpen) this.#send(message)
    this.#toTabs(message)
  }

  #awarenessOf(clients: number[]): Bytes {
    return messages.awareness(encodeAwarenessUpdate(this.awareness, clients))
  }

  #answer(vector: Uint8Array): Bytes {
    const encoder = new Encoder()
    const question = new Decoder(new Encoder().uint(messages.syncVector).sized(vector).toBytes())
    this.messageHandlers[messages.messageSync](encoder, question, this, false, messages.messageSync)
    return encoder.toBytes()
  }

  #ask(): void {
    if (this.#conversation.isOpen) this.#send(messages.sync(messages.syncVector, encodeStateVector(this.doc)))
  }

  #send(message: Bytes): void {
    if (!this.wire.send(message)) return
    this.#delivery.sent(message.length)
    this.emit('traffic', [{ direction: 'out', through: 'socket', message }])
  }

  #toTabs(message: Bytes): void {
    if (!this.tabs.isOpen) return
    this.tabs.send(message)
    this.emit('traffic', [{ direction: 'out', through: 'tabs', message }])
  }

  // -- the rest -----------------------------------------------------------------------------------

  get #mayOnlyRead(): boolean {
    const role = this.welcome?.role
    return this.acknowledges && (role === 'reader' || role === 'commenter')
  }

  #isEmpty(): boolean {
    return this.#outbox.size === 0 && encodeStateVector(this.doc).length === 1
  }

  /** What was written into this copy is in the new epoch. */
  #moved(epoch: Epoch): void {
    const { renewDocument } = this.#options
    if (renewDocument === undefined) return void this.#isReplaced(epoch, true)
    const old = this.#doc
    this.#watch(false)
    this.#doc = renewDocument(old)
    this.#watch(true)
    void this.#outbox.joined(epoch)
    this.tabs.belongTo(this.#outbox.epoch)
    this.emit('document', [this.#doc, old])
    this.#greet()
  }

  #watch(on: boolean): void {
    const doc = this.#doc
    if (on) {
      doc.on('update', this.#changed)
      doc.on('destroy', this.#docDestroyed)
    } else {
      doc.off('update', this.#changed)
      doc.off('destroy', this.#docDestroyed)
    }
  }

  async #isReplaced(epoch: Epoch | null, isMoved = false): Promise<void> {
    const previous = this.#outbox.epoch
    const event: EpochEvent = {
      epoch,
      previous,
      unsent: this.#outbox.content(),
      isMoved,
      rejoin: () => {
        if (this.#replaced !== event) return
        this.#replaced = null
        this.connect()
      }
    }
    this.#replaced = event
    this.disconnect()
    await this.#outbox.replaced(epoch)
    this.troubled({ code: 'epoch', message: 'the document was replaced on the server; this copy is an old one' })
    this.doc.emit('epoch' as any, [event, this] as any)
    this.emit('epoch', [event, this])
  }

  /** Tells of the state, if it or the number of changes that wait is another one. */
  #tellState(): void {
    const { state, unsent, lastError } = this
    if (state === 'synced') this.lastError = null
    const told = `${state} ${unsent} ${lastError?.code}`
    if (told === this.#told) return
    this.#told = told
    this.emit('state', [{ state, unsent, lastError: this.lastError }])
  }

  readonly #docDestroyed = (): void => this.destroy()
}
