// What tools/pack.mjs makes of a module, src/engine/unpack.ts makes the module of again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import binaryen from 'binaryen'
import { describe, expect, test } from 'vitest'
import { unpack as unpackWith } from '../src/engine/unpack.js'
// @ts-expect-error: plain JavaScript
import { pack as packAny } from '../tools/pack.mjs'
// @ts-expect-error: plain JavaScript
import { unravel } from '../tools/strands.mjs'

const built = fileURLToPath(new URL('../../../build/wasm', import.meta.url))
const unpacker = new WebAssembly.Module(readFileSync(join(built, 'unpacker.wasm')))
const unpack = (text: string, size: number) => unpackWith(unpacker, text, size)
const pack: (bytes: Uint8Array) => { packed: string; size: number } = packAny

// One of each kind of instruction, and long numbers among their operands.
const kEach = `(module
  (memory 2)
  (table 2 funcref)
  (elem (i32.const 0) $twice $which)
  (global $count (mut i32) (i32.const 7))
  (data (i32.const 100000) "what is stored")
  (func $twice (param i32) (result i32) (i32.shl (local.get 0) (i32.const 1)))
  (func $which (param i32) (result i32)
    (block $c (block $b (block $a (br_table $a $b $c (local.get 0))) (return (i32.const -70000))) (return (i32.const 3000000)))
    (i32.const 5))
  (func $last (export "last") (param i32) (result f64)
    (local i64) (local f32) (local f64)
    (local.set 1 (i64.const -123456789012345))
    (local.set 2 (f32.const 1.5))
    (local.set 3 (f64.const -0.1))
    (memory.fill (i32.const 16) (i32.const 1) (i32.const 9))
    (memory.copy (i32.const 64) (i32.const 16) (i32.const 8))
    (global.set $count (i32.add (global.get $count) (memory.size)))
    (f64.add (f64.convert_i64_s (i64.add (local.get 1) (i64.load offset=60000 align=4 (i32.const 40000))))
      (f64.add (f64.promote_f32 (local.get 2)) (f64.mul (local.get 3) (f64.convert_i32_s (i32.add (i32.load8_u (i32.const 70))
        (i32.add (global.get $count) (call_indirect (param i32) (result i32) (local.get 0) (i32.trunc_sat_f64_s (f64.const 1.25))))))))))
)`

// The same numbers in every run.
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

describe('unpacking', () => {
  const made = binaryen.parseText(kEach)
  made.setFeatures(binaryen.Features.All)
  const each = made.emitBinary()
  const modules: [string, Uint8Array][] = [
    ['one of each instruction', each],
    ['the engine', readFileSync(join(built, 'ropewalk.wasm'))],
    ['what is stored', readFileSync(join(built, 'storage.wasm'))],
    ['the unpacker', readFileSync(join(built, 'unpacker.wasm'))]
  ]

  // Only how sizes are written may differ.
  test.each(modules)('gives %s back', (_, bytes) => {
    const { packed, size } = pack(bytes)
    expect(packed).toMatch(/^[ -~]*$/)
    expect(packed).not.toMatch(/["$'<\\`]/)
    const unpacked = unpack(packed, size)
    expect(WebAssembly.validate(unpacked)).toBe(true)
    expect(unravel(unpacked)).toEqual(unravel(bytes))
  })

  test('what is unpacked does the same', () => {
    const { packed, size } = pack(each)
    const answers = [each, unpack(packed, size)].map((bytes) => {
      const { last } = new WebAssembly.Instance(new WebAssembly.Module(bytes as Uint8Array<ArrayBuffer>)).exports as { last(n: number): number }
      return [0, 1, 2, 3].map((n) => last(n))
    })
    expect(answers[1]).toEqual(answers[0])
    expect(new Set(answers[0]).size).toBe(3)
  })

  test('what is no module is not packed', () => {
    expect(() => pack(each.subarray(0, each.length - 3))).toThrow('instructions')
    expect(() => pack(each.subarray(0, 8))).toThrow('instructions')
    expect(() => pack(Uint8Array.from({ length: 900 }, (_, i) => i))).toThrow('instructions')
    const changed = Uint8Array.from(each)
    // memory.fill becomes an instruction that nobody has heard of.
    changed[Buffer.from(each).indexOf(Uint8Array.of(0xfc, 11)) + 1] = 77
    expect(() => pack(changed)).toThrow('0xfc 77')
  })

  test('says that a script is incomplete', () => {
    const { packed, size } = pack(readFileSync(join(built, 'unpacker.wasm')))
    expect(() => unpack('', size)).toThrow('incomplete')
    expect(() => unpack(packed.slice(0, -1), size)).toThrow('incomplete')
    expect(() => unpack(packed, size - 1)).toThrow('incomplete')
    expect(() => unpack(packed, size + 1)).toThrow('incomplete')
  })

  test('stays within what it has, whatever comes in', () => {
    const next = random(6)
    const { packed, size } = pack(readFileSync(join(built, 'unpacker.wasm')))
    for (let round = 0; round < 300; round++) {
      const broken = [...packed].slice(0, next() * 2 * packed.length)
      for (let i = next() * 900; i < broken.length; i += 1 + next() * 400) {
        broken[Math.floor(i)] = String.fromCharCode(32 + next() * 95)
      }
      try {
        expect(unpack(broken.join(''), size).length).toBe(size)
      } catch (error) {
        expect((error as Error).message).toContain('incomplete')
      }
    }
  })
})
