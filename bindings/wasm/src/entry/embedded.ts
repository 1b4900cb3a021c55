// The default entry: the module is in the script, and compiled at once.
import { start } from '../engine/wasm.js'
import { packed } from './packed.js'

const bytes = Uint8Array.from(atob(packed), (unit) => unit.charCodeAt(0))
start(new WebAssembly.Module(bytes))

export * from '../index.js'
