// For Cloudflare's workers, where modules are compiled when the worker is deployed and never later.
import module from './ropewalk.wasm'
import { start } from '../engine/wasm.js'

start(module)

export * from '../index.js'
