// One WebSocket that is kept connected: when to try, when to wait, when to stop; the token that goes
// with it, and whether the other side is still there. It knows nothing of documents.
//
//   off --connect()--> waiting --> connecting --> open --closed--> waiting, or off where there is no use
//
// While waiting, the time of the back-off runs; then what it takes to connect (the token) is fetched.
import { Backoff } from './backoff.js'
import type { Bytes } from './bytes.js'
import { sentenceOf, verdictOn } from './closing.js'
import { readClosing, renew } from './messages.js'
import { binary, type Framing } from './framing.js'

export interface ProviderError {
  /** A close code, or what of ours failed: `token`, `timeout`, `refused`, `too-large`, `message`, `store`, `snapshot`. */
  code: number | string
  message: string
}

/** Undefined: without one, as whoever the server takes for anonymous. */
export type GetToken = () => string | undefined | Promise<string | undefined>

export interface LineOptions {
  url: () => string
  protocols: () => string[]
  WebSocket: typeof WebSocket
  maxBackoffTime: number
  random?: () => number
  getToken?: GetToken | undefined
  /** Awaited before each attempt. */
  prepare?: () => Promise<void>
  framing?: () => Framing
  /** Takes its place where the other side accepts no binary messages (1003). */
  fallback?: () => Framing
  /** False: there is no use in coming back. */
  shouldReconnect?: ((event: CloseEvent) => boolean) | undefined
}

export interface LineListener {
  connecting(): void
  opened(token: string | undefined): void
  received(message: Uint8Array): void
  /** `event` is null where we have closed it. */
  closed(event: CloseEvent | null, wasOpen: boolean): void
  /** The server will not have us back: as y-websocket tells it. */
  stopped(event: { code: number; reason: string }): void
  failed(event: Event): void
  troubled(error: ProviderError): void
  /** A message was beyond the limit. Whether smaller ones will do. */
  tooLarge(reason: string): boolean
  /** 4409. Whether to come back. */
  replaced(): boolean
  /** Nothing was heard for a while: say something that is answered. */
  quiet(): void
}

const checkEvery = 3_000
const quietAfter = 15_000
const deadAfter = 30_000
const openWithin = 10_000
/** An answer to a question that was asked in doubt. */
const answerWithin = 4_000
const unsupported = 1003
const goingAway = 1001
/** Refused tokens in a row, each a new one, before we stop asking. */
const mostTokens = 5

export class Line {
  ws: WebSocket | null = null
  state: 'off' | 'waiting' | 'connecting' | 'open' = 'off'
  /** When the last message came, in milliseconds since 1970. */
  heard = 0
  readonly backoff: Backoff
  #framing: Framing = binary()
  #makeFraming: () => Framing
  #flushing: ReturnType<typeof setTimeout> | undefined
  #isMoving = false
  #attempt = 0
  #refusedTokens = 0
  #timer: ReturnType<typeof setTimeout> | undefined
  #renewal: ReturnType<typeof setTimeout> | undefined
  #check: ReturnType<typeof setInterval> | undefined
  #doubting: ReturnType<typeof setTimeout> | undefined
  #asked = false

  constructor(
    readonly options: LineOptions,
    private readonly listener: LineListener
  ) {
    this.#makeFraming = options.framing ?? binary
    this.backoff = new Backoff(options.maxBackoffTime, options.random ?? Math.random)
    globalThis.addEventListener?.('online', this.#hurry)
    globalThis.addEventListener?.('offline', this.#doubt)
    globalThis.document?.addEventListener('visibilitychange', this.#doubt)
  }

  get isOpen(): boolean {
    return this.state === 'open'
  }

  connect(): void {
    if (this.state !== 'off') return
    this.state = 'waiting'
    void this.#try()
  }

  disconnect(): void {
    const { ws } = this
    this.state = this.state === 'open' ? 'open' : 'off'
    this.#attempt++
    clearTimeout(this.#timer)
    if (ws !== null) this.#drop(ws, null)
    this.state = 'off'
  }

  destroy(): void {
    this.disconnect()
    clearTimeout(this.#doubting)
    globalThis.removeEventListener?.('online', this.#hurry)
    globalThis.removeEventListener?.('offline', this.#doubt)
    globalThis.document?.removeEventListener('visibilitychange', this.#doubt)
  }

  /** Whether it went out. */
  send(message: Bytes): boolean {
    if (this.state !== 'open' || this.ws?.readyState !== 1) return false
    const frames = this.#framing.encode(message)
    for (const frame of frames) this.ws.send(frame)
    if (frames.length === 0 && this.#framing.pause !== undefined) {
      this.#flushing ??= setTimeout(() => this.#flush(), this.#framing.pause)
    }
    return true
  }

  #flush(): void {
    const { ws } = this
    this.#flushing = undefined
    if (ws !== null && this.state === 'open') this.#framing.tick((frame) => ws.send(frame))
  }

  /** The connection has done what it is for: the next failure is a first one. */
  succeeded(): void {
    this.backoff.reset()
  }

  /** The server has taken us, until then (in seconds since 1970): a new token goes out in time. */
  welcomed(expires: number | undefined): void {
    this.#refusedTokens = 0
    clearTimeout(this.#renewal)
    const { getToken } = this.options
    if (expires === undefined || getToken === undefined) return
    const left = expires * 1000 - Date.now()
    const wait = Math.min(Math.max(left / 2, left - 60_000, 1_000), 2 ** 31 - 1)
    this.#renewal = setTimeout(() => void this.#renew(getToken), wait)
  }

  /** Closes this connection and comes back after a pause. */
  restart(): void {
    if (this.ws !== null) this.#lost(this.ws, null)
  }

  async #renew(getToken: GetToken): Promise<void> {
    const { ws } = this
    try {
      const token = await getToken()
      if (ws === this.ws && token !== undefined) this.send(renew(token))
    } catch (error) {
      this.listener.troubled({ code: 'token', message: String(error) })
      // Once more, while there may be time.
      if (ws === this.ws) this.#renewal = setTimeout(() => void this.#renew(getToken), 5_000)
    }
  }

  async #try(): Promise<void> {
    const attempt = ++this.#attempt
    this.listener.connecting()
    const { getToken, prepare } = this.options
    let token: string | undefined
    try {
      if (prepare !== undefined) await prepare()
      if (getToken !== undefined) token = await getToken()
    } catch (error) {
      if (attempt !== this.#attempt) return
      this.listener.troubled({ code: 'token', message: `no token: ${String(error)}` })
      this.#waitToTry(this.backoff.next())
      return
    }
    // Meanwhile somebody may have changed their mind.
    if (attempt === this.#attempt && this.state === 'waiting') this.#open(token)
  }

  #open(token: string | undefined): void {
    const { url, protocols, WebSocket } = this.options
    const ws = new WebSocket(url(), protocols())
    this.ws = ws
    this.state = 'connecting'
    ws.onopen = () => {
      if (ws === this.ws) this.#opened(token)
    }
    this.#attend(ws)
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => {
      if (ws !== this.ws || this.state !== 'connecting') return
      this.#lost(ws, null)
      this.listener.troubled({ code: 'timeout', message: 'the server did not answer' })
    }, openWithin)
  }

  #attend(ws: WebSocket): void {
    ws.binaryType = 'arraybuffer'
    ws.onmessage = ({ data }) => {
      if (ws !== this.ws) return
      this.heard = Date.now()
      this.#asked = false
      for (const message of this.#decoded(ws, data)) {
        if (ws === this.ws) this.#received(ws, message)
      }
    }
    ws.onerror = (event) => {
      if (ws === this.ws) this.listener.failed(event)
    }
    ws.onclose = (event) => {
      if (ws === this.ws) this.#lost(ws, event)
    }
  }

  #opened(token: string | undefined): void {
    clearTimeout(this.#timer)
    this.state = 'open'
    this.heard = Date.now()
    this.#asked = false
    this.#framing = this.#makeFraming()
    this.#check = setInterval(() => this.#listen(), checkEvery)
    this.listener.opened(token)
  }

  #received(ws: WebSocket, message: Uint8Array): void {
    const closing = readClosing(message)
    if (closing === null) this.listener.received(message)
    else if (closing.code === goingAway) void this.#move(ws)
    else {
      this.#lost(ws, closing as CloseEvent)
      ws.close()
    }
  }

  /** This connection is about to end: another one takes its place as soon as it is open. */
  async #move(old: WebSocket): Promise<void> {
    if (this.#isMoving) return
    this.#isMoving = true
    const { url, protocols, WebSocket, getToken, prepare } = this.options
    let token: string | undefined
    try {
      if (prepare !== undefined) await prepare()
      if (getToken !== undefined) token = await getToken()
    } catch {
      // When this one ends, it is tried again in the usual way.
      this.#isMoving = false
      return
    }
    const next = new WebSocket(url(), protocols())
    next.onerror = next.onclose = () => {
      this.#isMoving = false
    }
    next.onopen = () => {
      this.#isMoving = false
      if (old !== this.ws || this.state !== 'open') return void next.close()
      this.#drop(old, null)
      this.ws = next
      this.#attend(next)
      this.#opened(token)
    }
  }

  #decoded(ws: WebSocket, data: unknown): Uint8Array[] {
    try {
      return this.#framing.decode(data, (frame) => ws.send(frame))
    } catch (error) {
      this.#lost(ws, null)
      this.listener.troubled({ code: 'message', message: String(error) })
      return []
    }
  }

  /** Is the other side still there? Sockets may stay open for minutes after the network has gone. */
  #listen(): void {
    const { ws } = this
    if (ws !== null) this.#framing.tick((frame) => ws.send(frame))
    const silence = Date.now() - this.heard
    if (silence >= deadAfter && this.ws !== null) {
      this.#lost(this.ws, null)
      this.listener.troubled({ code: 'timeout', message: 'nothing was heard from the server' })
    } else if (silence >= quietAfter && !this.#asked) {
      this.#asked = true
      this.listener.quiet()
    }
  }

  #lost(ws: WebSocket, event: CloseEvent | null): void {
    this.#drop(ws, event)
    // A listener may have decided by itself.
    if (this.ws !== null || this.state === 'off') return
    const code = event?.code
    const { fallback, shouldReconnect } = this.options
    if (code === unsupported && fallback !== undefined && this.#makeFraming !== fallback) {
      this.#makeFraming = fallback
      return this.#waitToTry(0)
    }
    const verdict = verdictOn(code)
    if (event !== null && shouldReconnect !== undefined) {
      if (!shouldReconnect(event)) return this.#stop(event)
    } else if (event !== null) {
      const stays =
        (verdict === 'token' && (!this.options.getToken || ++this.#refusedTokens >= mostTokens)) ||
        (verdict === 'split' && !this.listener.tooLarge(event.reason)) ||
        (verdict === 'epoch' && !this.listener.replaced()) ||
        verdict === 'stop'
      if (stays) return this.#stop(event)
    }
    if (code !== undefined && code >= 1007) {
      this.listener.troubled({ code, message: sentenceOf(code, event?.reason ?? '') })
    }
    this.#waitToTry(this.backoff.next(verdict === 'later'))
  }

  #stop(event: CloseEvent): void {
    this.state = 'off'
    this.listener.troubled({ code: event.code, message: sentenceOf(event.code, event.reason) })
    this.listener.stopped({ code: event.code, reason: event.reason })
  }

  /** Lets go of a socket that may still have something to say. */
  #drop(ws: WebSocket, event: CloseEvent | null): void {
    const wasOpen = this.state === 'open'
    clearTimeout(this.#timer)
    clearTimeout(this.#renewal)
    clearTimeout(this.#flushing)
    this.#flushing = undefined
    clearInterval(this.#check)
    ws.onopen = ws.onmessage = ws.onclose = null
    // One that is closed before it was open reports an error, which in Node must be heard.
    ws.onerror = () => {}
    this.ws = null
    this.state = 'waiting'
    if (event === null) ws.close()
    this.listener.closed(event, wasOpen)
  }

  #waitToTry(ms: number): void {
    this.state = 'waiting'
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#try(), ms)
  }

  /** The network may have gone, or the machine was asleep: is the other side still there? */
  #doubt = (): void => {
    const { ws } = this
    if (this.state !== 'open') return
    const asked = Date.now()
    this.listener.quiet()
    clearTimeout(this.#doubting)
    this.#doubting = setTimeout(() => {
      if (ws === null || ws !== this.ws || this.heard >= asked) return
      this.#lost(ws, null)
      this.listener.troubled({ code: 'timeout', message: 'the connection does not answer' })
    }, answerWithin)
  }

  /** The network is back: no more waiting. */
  #hurry = (): void => {
    if (this.state !== 'waiting' || this.#timer === undefined) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#try(), (this.options.random ?? Math.random)() * 100)
  }
}
