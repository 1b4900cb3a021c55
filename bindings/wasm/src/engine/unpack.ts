// The engine's module as it travels: a header and a raw LZMA stream, made by tools/pack.py, and a
// small module that unpacks it.
//
//   1 byte    lc: how many bits of the byte before choose among the probabilities
//   4 bytes   size of what comes out, little endian
//   rest      the range coder's bytes; no end marker

interface Unpacker {
  readonly memory: WebAssembly.Memory
  room(): number
  unpack(at: number, packedSize: number, to: number, size: number, lc: number): number
}

/** Fails with an Error where the bytes are broken in a way that shows. */
export const unpack = (unpacker: WebAssembly.Module, packed: Uint8Array): Uint8Array<ArrayBuffer> => {
  if (packed.length < 10) throw broken()
  const { memory, ...module } = new WebAssembly.Instance(unpacker).exports as unknown as Unpacker
  const size = packed[1]! | (packed[2]! << 8) | (packed[3]! << 16) | (packed[4]! << 24)
  const at = module.room()
  const to = at + packed.length
  const missing = to + size - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  const bytes = new Uint8Array(memory.buffer)
  bytes.set(packed, at)
  if (module.unpack(at + 5, packed.length - 5, to, size, packed[0]!) === 0) throw broken()
  return bytes.slice(to, to + size)
}

const broken = (): Error => new Error('ropewalk: the script is incomplete; load it again')
