// The default entry: the module is in the script, packed, and compiled at once.
// The text comes last, so that the transport's compression sees all of the script in one piece.
import '../index.js'
import { unpack } from '../engine/unpack.js'
import { start } from '../engine/wasm.js'
import { packed, size, unpacker } from './packed.js'

const decode = (base64: string): Uint8Array<ArrayBuffer> => {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

start(new WebAssembly.Module(unpack(new WebAssembly.Module(decode(unpacker)), packed, size)))

export * from '../index.js'
