// The engine's module as text that a script can carry, and that the transport compresses as well as anything:
// what unpacks it hardly takes longer than to copy it. src/engine/unpack.ts makes a module of it again.
import { textOf } from './pairs.mjs'
import { unravel } from './strands.mjs'

/** { packed, size }: the text, and how large the module is that comes out: the same one, but for how sizes are written. */
export const pack = (module) => {
  const { strands, size } = unravel(module)
  return { packed: strands.map(textOf).join(''), size }
}
