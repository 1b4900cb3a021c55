// The smallest to load: the module is a file of its own, fetched (or read, in Node) when this one
// is loaded. For programs and bundlers that take top-level await.
import { start } from '../engine/wasm.js'

const url = new URL('./ropewalk.wasm', import.meta.url)

const load = async (): Promise<WebAssembly.Module> => {
  if (url.protocol === 'file:') {
    // Bundlers for browsers would trip over an import of it.
    const { process } = globalThis as { process?: { getBuiltinModule(name: string): any } }
    return WebAssembly.compile(process!.getBuiltinModule('node:fs').readFileSync(url))
  }
  const response = await fetch(url)
  if (!response.ok) throw new Error(`ropewalk: ${url} answered ${response.status}`)
  // A server that knows no application/wasm is no reason to fail.
  if (response.headers.get('content-type')?.startsWith('application/wasm') === true) {
    return WebAssembly.compileStreaming(response)
  }
  return WebAssembly.compile(await response.arrayBuffer())
}

start(await load())

export * from '../index.js'
