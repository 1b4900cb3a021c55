// What is stored, beside the slim entry: its module is a file of its own.
import { fetched } from '../engine/fetched.js'
import { loadedBy } from '../storage/module.js'

const module = await fetched(new URL('./storage.wasm', import.meta.url))
loadedBy(() => module)

export * from '../storage/index.js'
