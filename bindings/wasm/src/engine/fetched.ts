// A module that is a file of its own: fetched, or read, in Node.

export const fetched = async (url: URL): Promise<WebAssembly.Module> => {
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
