// Sees the memory of the engine from outside: loaded before the package, it keeps every memory that a
// WebAssembly instance exports. It can also lower the module's own limit, so that a test reaches it.
const memories = []
let limit = 0

const Instance = WebAssembly.Instance
const Module = WebAssembly.Module

WebAssembly.Module = new Proxy(Module, {
  construct: (target, [bytes, ...rest]) =>
    new target(limit ? withMemoryLimit(new Uint8Array(bytes.buffer ?? bytes, bytes.byteOffset ?? 0, bytes.byteLength), limit) : bytes, ...rest),
})
WebAssembly.Instance = new Proxy(Instance, {
  construct(target, parameters) {
    const instance = new target(...parameters)
    const { memory } = instance.exports
    // What unpacks the engine has one, too.
    if (memory && instance.exports.rw_report) memories.push(memory)
    return instance
  },
})

/** For modules that are compiled from now on: at most so many pages of 64 KiB. */
export function limitMemory(pages) {
  limit = pages
}

/** Bytes that all engines together hold. */
export const engineBytes = () => memories.reduce((sum, memory) => sum + memory.buffer.byteLength, 0)

// The binary format: 8 bytes of head, then sections of id, size and content; 5 is memory.
function withMemoryLimit(module, pages) {
  for (let at = 8; at < module.length; ) {
    const id = module[at]
    const [size, content] = readSize(module, at + 1)
    if (id === 5) {
      const [minimum] = readSize(module, content + 2)
      const section = [1, 1, ...sizeBytes(minimum), ...sizeBytes(Math.max(pages, minimum))]
      const end = content + size
      return Uint8Array.from([
        ...module.subarray(0, at),
        5,
        ...sizeBytes(section.length),
        ...section,
        ...module.subarray(end),
      ])
    }
    at = content + size
  }
  throw new Error('the module has no memory of its own')
}

function readSize(bytes, at) {
  let value = 0
  let shift = 0
  for (;;) {
    const byte = bytes[at++]
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return [value, at]
    shift += 7
  }
}

function sizeBytes(value) {
  const bytes = []
  do {
    bytes.push((value & 0x7f) | (value > 0x7f ? 0x80 : 0))
    value >>>= 7
  } while (value)
  return bytes
}
