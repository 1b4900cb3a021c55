// Updates in either format. One in V2 says so: `v2` is true.
import * as Y from 'yjs'
import { hex } from './values.mjs'

export const asV2 = bytes => Object.assign(bytes, { v2: true })
const inV1 = update => (update.v2 ? Y.convertUpdateFormatV2ToV1(update) : update)

export const listenTo = (doc, v2, told) =>
  v2 ? doc.on('updateV2', update => told(asV2(update))) : doc.on('update', told)
export const applyUpdate = (doc, update, origin) => (update.v2 ? Y.applyUpdateV2 : Y.applyUpdate)(doc, update, origin)
export const encodeState = (doc, vector, v2) =>
  v2 ? asV2(Y.encodeStateAsUpdateV2(doc, vector)) : Y.encodeStateAsUpdate(doc, vector)
export const merge = updates =>
  updates.every(update => update.v2) ? asV2(Y.mergeUpdatesV2(updates)) : Y.mergeUpdates(updates.map(inV1))
// As the peer takes it.
export const updateToken = update => (update.v2 ? '2:' : '') + hex(update)
