// What is stored: its module is in this script, as that of the engine is in the default entry.
import { decode, unpack } from '../engine/unpack.js'
import { loadedBy, startSoon } from '../storage/module.js'
import { packed, size, unpacker } from './packed.js'

loadedBy(() => new WebAssembly.Module(unpack(new WebAssembly.Module(decode(unpacker)), packed, size)))
startSoon()

export * from '../storage/index.js'
