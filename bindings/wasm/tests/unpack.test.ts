// What tools/pack.mjs makes of a file, src/engine/unpack.ts makes the file of again.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { unpack as unpackWith } from '../src/engine/unpack.js'
// @ts-expect-error: plain JavaScript
import { packer } from '../tools/pack.mjs'

const built = fileURLToPath(new URL('../../../build/wasm', import.meta.url))
const pack: (bytes: Uint8Array) => string = packer(join(built, 'packer.wasm'))
const unpacker = new WebAssembly.Module(readFileSync(join(built, 'unpacker.wasm')))
const unpack = (text: string, size: number) => unpackWith(unpacker, text, size)

// The same numbers in every run.
const random = (seed: number) => () => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0
  return seed / 2 ** 32
}

describe('unpacking', () => {
  const next = random(6)
  const noise = Uint8Array.from({ length: 5000 }, () => next() * 256)
  const few = Uint8Array.from({ length: 30_000 }, () => next() * 3)
  const copies = new Uint8Array(20_000)
  for (let at = 0; at < copies.length; at += 40) {
    const from = Math.floor(next() * 300)
    copies.set(noise.subarray(from, from + 40), at)
    copies[at] = next() * 256
  }
  const module = readFileSync(join(built, 'packer.wasm'))
  // A module whose instructions are none.
  const wrong = Uint8Array.from(module)
  for (let i = 300; i < wrong.length; i += 1 + next() * 60) wrong[Math.floor(i)] = next() * 256
  const files: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(7)],
    ['one byte many times', new Uint8Array(20_000).fill(9)],
    ['noise', noise],
    ['three letters', few],
    ['copies with changes', copies],
    ['a program', readFileSync(process.execPath).subarray(1 << 20, (1 << 20) + 30_000)],
    ['a module', module],
    ['a part of one', module.subarray(0, 20_000)],
    ['a module with mistakes', wrong]
  ]
  test.each(files)('gives %s back', (_, bytes) => {
    const text = pack(bytes)
    expect(text).toMatch(/^[A-Za-z0-9+/]*$/)
    expect(Buffer.compare(unpack(text, bytes.length), bytes)).toBe(0)
  })

  test('says that a script is incomplete', () => {
    const text = pack(module)
    expect(() => unpack('', module.length)).toThrow('incomplete')
    expect(() => unpack(text, module.length - 1)).toThrow('incomplete')
    expect(() => unpack(text, module.length + 1)).toThrow('incomplete')
  })

  test('stays within what it has, whatever comes in', () => {
    const bytes = module.subarray(0, 6000)
    const text = pack(bytes)
    for (let round = 0; round < 300; round++) {
      const broken = [...text].slice(0, next() * 2 * text.length)
      for (let i = next() * 900; i < broken.length; i += 1 + next() * 400) {
        broken[Math.floor(i)] = String.fromCharCode(33 + next() * 90)
      }
      try {
        expect(unpack(broken.join(''), bytes.length).length).toBe(bytes.length)
      } catch (error) {
        expect((error as Error).message).toContain('incomplete')
      }
    }
  })
})
