// The messages of docs/formats/sync-protocol.md. A message is bytes; its first number says what it is.
import { type Bytes, Decoder, Encoder } from './bytes.js'

export const messageSync = 0
export const messageAwareness = 1
export const messageAuth = 2
export const messageQueryAwareness = 3
export const messageClosing = 116
export const messageTranslate = 117
export const messageEvent = 118
export const messageState = 119
export const messageHello = 120
export const messageWelcome = 121
export const messageNumbered = 122
export const messageAck = 123
export const messageRefused = 124
export const messageEpoch = 125
export const messageDocument = 126
export const messageRenew = 127

/** Sync messages: a state vector, the update that answers it, an update. */
export const syncVector = 0
export const syncAnswer = 1
export const syncUpdate = 2

export interface Hello {
  v: 1
  token?: string
  ticket?: string
  epoch?: number
}

export interface Welcome {
  v: number
  user?: { id: string; name?: string; color?: string }
  role?: string
  epoch?: number
  limits?: { message?: number; document?: number }
  /** When the token ends, in seconds since 1970. */
  expires?: number
}

export interface Replaced {
  epoch: number
  /** Base64 of the state vector of what the client's epoch had, if what is beyond it can be translated. */
  had?: string
}

export interface Refusal {
  code: string
  message: string
}

const json = (type: number, value: unknown): Bytes =>
  new Encoder().uint(type).string(JSON.stringify(value)).toBytes()

export const hello = (value: Hello): Bytes => json(messageHello, value)
export const renew = (token: string): Bytes => new Encoder().uint(messageRenew).string(token).toBytes()
export const sync = (step: number, bytes: Uint8Array): Bytes =>
  new Encoder().uint(messageSync).uint(step).sized(bytes).toBytes()
export const awareness = (update: Uint8Array): Bytes =>
  new Encoder().uint(messageAwareness).sized(update).toBytes()
export const queryAwareness = (): Bytes => new Encoder().uint(messageQueryAwareness).toBytes()
export const numbered = (n: number, message: Uint8Array): Bytes =>
  new Encoder().uint(messageNumbered).uint(n).raw(message).toBytes()
/** What was written into a copy of an older epoch. */
export const translate = (epoch: number, update: Uint8Array): Bytes =>
  new Encoder().uint(messageTranslate).uint(epoch).sized(update).toBytes()
export const inDocument = (name: string, message: Uint8Array): Bytes =>
  new Encoder().uint(messageDocument).string(name).raw(message).toBytes()

/** The connection ends for this reason: from servers behind a transport that has no close codes. */
export function readClosing(message: Uint8Array): { code: number; reason: string } | null {
  if (message[0] !== messageClosing) return null
  const decoder = new Decoder(message.subarray(1))
  const { code, message: reason } = readObject<{ code?: unknown; message?: unknown }>(decoder)
  return { code: Number(code), reason: String(reason ?? '') }
}

/** An object in JSON; anything else is an error. */
export function readObject<T>(decoder: Decoder): T {
  const value: unknown = JSON.parse(decoder.string())
  if (typeof value !== 'object' || value === null) throw new TypeError('the message holds no object')
  return value as T
}
