// A WebAssembly module taken apart: what its instructions do, the locals they name, their offsets... Each of
// these by itself resembles itself more than all of them in turns. unpacker/unpacker.cpp weaves them together.
import { functionsOf, kCode, readNumber, sectionsOf, walk } from './instructions.mjs'

// In this order.
const kStrands = [
  'opcode', // and what nearly always goes with it: alignment, type of a block, memory
  'offset',
  'before', // whatever comes before the size of the code, and behind it
  'after',
  'declared', // how many functions there are, and the locals of each
  'depth',
  'function',
  'type',
  'local',
  'global',
  'i32',
  'i64',
  'fixed'
]

/** Sizes take three bytes where they are woven. */
const kSize = 3

/** The strands in their order, each as bytes, and how large a module they are woven to. */
export const unravel = (module) => {
  const strands = Object.fromEntries(kStrands.map((name) => [name, []]))
  const put = (name, from, to) => {
    for (let at = from; at < to; at++) strands[name].push(module[at])
  }
  const code = sectionsOf(module).find(({ id }) => id === kCode)
  if (code === undefined) throw new Error('strands: a module without code')
  put('before', 0, code.at + 1)
  put('declared', code.from, readNumber(module, code.from)[1])
  const functions = functionsOf(module, code)
  for (const one of functions) walk(module, one, put)
  put('after', code.to, module.length)
  const bytes = kStrands.map((name) => Uint8Array.from(strands[name]))
  const sizes = kSize * (1 + functions.length)
  return { strands: bytes, size: bytes.reduce((sum, { length }) => sum + length, sizes) }
}
