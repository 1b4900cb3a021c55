// What is stored, for Cloudflare's workers.
import module from './storage.wasm'
import { loadedBy } from '../storage/module.js'

loadedBy(() => module)

export * from '../storage/index.js'
