// The smallest to load: the module is a file of its own, fetched (or read, in Node) when this one
// is loaded. For programs and bundlers that take top-level await.
import { fetched } from '../engine/fetched.js'
import { start } from '../engine/wasm.js'

start(await fetched(new URL('./ropewalk.wasm', import.meta.url)))

export * from '../index.js'
