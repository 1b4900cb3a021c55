// How messages travel in a socket.
import type { Bytes } from './bytes.js'

export type Frame = string | Bytes

export interface Framing {
  /** The frames that may go out now that there is this message, too. */
  encode(message: Bytes): Frame[]
  /** The messages that are complete with this frame; `answer` sends frames back. */
  decode(data: unknown, answer: (frame: Frame) => void): Uint8Array[]
  /** What is due after some time; called every few seconds. */
  tick(answer: (frame: Frame) => void): void
  /** How long frames of several messages wait for each other: where each costs a call. */
  readonly pause?: number
}

/** One WebSocket message is one message. */
export const binary = (): Framing => ({
  encode: (message) => [message],
  // Text is of a protocol that is not spoken here.
  decode: (data) => (data instanceof ArrayBuffer ? [new Uint8Array(data)] : ArrayBuffer.isView(data) ? [viewed(data)] : []),
  tick: () => {}
})

const viewed = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength)
