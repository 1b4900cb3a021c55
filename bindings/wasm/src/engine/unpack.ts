// The engine's module as it travels: as text, and with a small module that unpacks it. How is told in
// tools/pack.mjs.

interface Unpacker {
  readonly memory: WebAssembly.Memory
  room(): number
  unpack(textSize: number, size: number): number
}

const SYMBOLS = 1 << 16

/** Bytes that are base64. */
export const decode = (base64: string): Uint8Array<ArrayBuffer> => {
  const text = atob(base64)
  const bytes = new Uint8Array(text.length)
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i)
  return bytes
}

/** `size` bytes of a text. Fails with an Error where it is broken in a way that shows. */
export const unpack = (
  unpacker: WebAssembly.Module,
  text: string,
  size: number
): Uint8Array<ArrayBuffer> => {
  const { memory, ...module } = new WebAssembly.Instance(unpacker).exports as unknown as Unpacker
  const at = module.room()
  const to = at + text.length
  // What comes out, behind it all that it is made of, and what symbols stand for.
  const missing = to + 2 * size + SYMBOLS - memory.buffer.byteLength
  if (missing > 0) memory.grow(Math.ceil(missing / 65536))
  const bytes = new Uint8Array(memory.buffer)
  new TextEncoder().encodeInto(text, bytes.subarray(at, to))
  let whole = 0
  try {
    whole = module.unpack(text.length, size)
  } catch {
    // It wanted to write where there is no memory.
  }
  if (whole === 0) throw new Error('ropewalk: the script is incomplete; load it again')
  return bytes.slice(to, to + size)
}
