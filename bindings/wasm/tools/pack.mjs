// The engine's module as text that a script can carry: unpacker/packer.cpp, compiled beside it.
import { readFileSync } from 'node:fs'

/** A function from bytes to text, which src/engine/unpack.ts makes the same bytes of. */
export const packer = (wasm) => {
  const module = new WebAssembly.Module(readFileSync(wasm))
  // Of the system it calls nothing but what ends it when it is wrong.
  const wrong = () => {
    throw new Error('pack: the packer failed')
  }
  const imports = {}
  for (const { module: from, name } of WebAssembly.Module.imports(module)) {
    imports[from] = { ...imports[from], [name]: wrong }
  }
  return (bytes) => {
    const { memory, room, pack, text, _initialize } = new WebAssembly.Instance(module, imports).exports
    _initialize()
    const at = room(bytes.length)
    new Uint8Array(memory.buffer, at, bytes.length).set(bytes)
    const size = pack()
    return Buffer.from(memory.buffer, text(), size).toString('latin1')
  }
}
