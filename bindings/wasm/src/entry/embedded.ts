// The default entry: the module is in the script, packed, and compiled at once.
// The text comes last, so that the transport's compression sees all of the script in one piece.
import '../index.js'
import { decode, unpack } from '../engine/unpack.js'
import { start } from '../engine/wasm.js'
import { packed, size, unpacker } from './packed.js'

start(new WebAssembly.Module(unpack(new WebAssembly.Module(decode(unpacker)), packed, size)))

export * from '../index.js'
