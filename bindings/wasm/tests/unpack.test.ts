// What tools/pack.py makes of a file, src/engine/unpack.ts makes a file of again.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { unpack as unpackWith } from '../src/engine/unpack.js'

const here = fileURLToPath(new URL('..', import.meta.url))

const pack = (bytes: Uint8Array): string => {
  const folder = mkdtempSync(join(tmpdir(), 'pack-'))
  try {
    const file = join(folder, 'file')
    writeFileSync(file, bytes)
    return execFileSync('python3', [join(here, 'tools/pack.py'), file], { encoding: 'latin1' })
  } finally {
    rmSync(folder, { recursive: true })
  }
}

const unpacker = new WebAssembly.Module(readFileSync(join(here, '../../build/wasm/unpacker.wasm')))
const unpack = (base64: string) => unpackWith(unpacker, Buffer.from(base64, 'base64'))

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
  const files: [string, Uint8Array][] = [
    ['nothing', new Uint8Array(0)],
    ['one byte', Uint8Array.of(7)],
    ['one byte many times', new Uint8Array(100_000).fill(9)],
    ['noise', noise],
    ['three letters', few],
    ['copies with changes', copies],
    ['a program', readFileSync(process.execPath).subarray(1 << 20, (1 << 20) + 200_000)]
  ]
  test.each(files)('gives %s back', (_, bytes) => {
    expect(Buffer.compare(unpack(pack(bytes)), bytes)).toBe(0)
  })

  test('stays within what it has, whatever comes in', () => {
    const packed = Buffer.from(pack(few.subarray(0, 3000)), 'base64')
    expect(() => unpackWith(unpacker, packed.subarray(0, 9))).toThrow('incomplete')
    for (let round = 0; round < 300; round++) {
      const broken = Uint8Array.from(packed).subarray(0, 5 + next() * packed.length)
      for (let i = 5; i < broken.length; i += 1 + next() * 40) broken[Math.floor(i)] = next() * 256
      try {
        expect(unpackWith(unpacker, broken).length).toBe(3000)
      } catch (error) {
        expect((error as Error).message).toContain('incomplete')
      }
    }
  })
})
