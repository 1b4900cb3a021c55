// The default entry: the module is in the script, packed, and compiled at once.
import { unpack } from '../engine/unpack.js'
import { start } from '../engine/wasm.js'
import { packed, unpacker } from './packed.js'

// Engines of 2025 and later decode by themselves; elsewhere a loop is six times faster than
// `Uint8Array.from` with a function.
const decode = (base64: string): Uint8Array<ArrayBuffer> => {
  const { fromBase64 } = Uint8Array as { fromBase64?: typeof decode }
  if (fromBase64 !== undefined) return fromBase64(base64)
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

start(new WebAssembly.Module(unpack(new WebAssembly.Module(decode(unpacker)), decode(packed))))

export * from '../index.js'
