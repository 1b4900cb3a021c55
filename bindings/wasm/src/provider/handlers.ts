// What is done with the messages of y-websocket. A provider copies the list, so that applications may
// put handlers of their own into it, written with lib0's functions if they like.
import { applyUpdate, encodeStateAsUpdate } from '../index.js'
import { applyAwarenessUpdate, encodeAwarenessUpdate } from './awareness.js'
import type { Decoder, Encoder } from './bytes.js'
import * as messages from './messages.js'
import type { WebsocketProvider } from './WebsocketProvider.js'

/** What stands in `encoder` afterwards is the answer; a lone type is none. */
export type MessageHandler = (
  encoder: Encoder,
  decoder: Decoder,
  provider: WebsocketProvider,
  /** False for what comes from other tabs: they know no more than we do. */
  emitSynced: boolean,
  messageType: number
) => void

export const messageHandlers: MessageHandler[] = []

messageHandlers[messages.messageSync] = (encoder, decoder, provider, emitSynced) => {
  const step = decoder.uint()
  const bytes = decoder.sized()
  if (step === messages.syncVector) {
    encoder
      .uint(messages.messageSync)
      .uint(messages.syncAnswer)
      .sized(emitSynced ? provider._offering.answer(bytes) : encodeStateAsUpdate(provider.doc, bytes))
  } else if (step === messages.syncAnswer || step === messages.syncUpdate) {
    applyUpdate(provider.doc, bytes, provider)
    if (step === messages.syncAnswer && emitSynced) provider.synced = true
    const late = provider._offering.late()
    if (late !== null) provider._offer(late)
  } else throw new RangeError(`there is no sync message ${step}`)
}

messageHandlers[messages.messageAwareness] = (_, decoder, provider) => {
  applyAwarenessUpdate(provider.awareness, decoder.sized(), provider)
}

messageHandlers[messages.messageAuth] = (_, decoder, provider) => {
  if (decoder.uint() === 0) provider.troubled({ code: 'denied', message: decoder.string() })
}

messageHandlers[messages.messageQueryAwareness] = (encoder, _, { awareness }) => {
  encoder
    .uint(messages.messageAwareness)
    .sized(encodeAwarenessUpdate(awareness, [...awareness.getStates().keys()]))
}
