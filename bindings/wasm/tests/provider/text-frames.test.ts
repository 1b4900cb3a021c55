// Text frames: the vectors that Python is tested with, too, and a bad network.
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { decodeFrame, encodeFrame, FrameError, type Item } from '../../src/provider/text-frames.js'
import { TextStream, textFrames } from '../../src/provider/text-stream.js'

const file = new URL('../../../../server/tests/vectors/text_frames.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8'))

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex')
const plain = (value: any): any => {
  if (value instanceof Uint8Array) return hex(value)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, field]) => [name, plain(field)]))
}
const pattern = (length: number) => Uint8Array.from({ length }, (_, i) => (i * 7 + Math.floor(i / 256)) % 256)

describe('frames', () => {
  for (const { name, stream, items, text } of vectors.frames) {
    test(name, () => {
      const frame = decodeFrame(text)
      expect(frame.stream).toBe(stream)
      expect(frame.items.map(plain)).toEqual(items)
      expect(encodeFrame(stream, frame.items)).toBe(text)
    })
  }
  for (const { name, text, code } of vectors.refused) {
    test(`refused: ${name}`, () => {
      expect(() => decodeFrame(text)).toThrow(expect.objectContaining({ code }))
    })
  }
})

describe('streams', () => {
  test('a recorded conversation brings what was recorded, over a cut connection', () => {
    let kept = null
    let brought: string[] = []
    for (const stream of [11, 12]) {
      const client: TextStream = new TextStream(stream, kept)
      if (stream === 11) client.encode(new TextEncoder().encode('ask'))
      client.frames()
      for (const line of vectors.resumed.lines) {
        if (line.stream !== stream || line.from !== 'server') continue
        const messages = client.receive(line.text)
        const expected = line.brings.map((what: string) => (what.startsWith('pattern:') ? hex(pattern(50_000)) : what))
        expect(messages.map(hex)).toEqual(expected)
        brought = brought.concat(expected)
      }
      kept = client.kept()
    }
    expect(brought).toContain(hex(pattern(vectors.resumed.length)))
  })

  test('what is kept of a long message is asked for in the next connection', () => {
    const next = textFrames()
    next()
    const first = vectors.resumed.lines.filter(({ stream, from }: any) => stream === 11 && from === 'server')
    const client = new TextStream(11)
    client.encode(new TextEncoder().encode('ask'))
    for (const { text } of first) client.receive(text)
    const resumed = new TextStream(12, client.kept())
    const [frame] = resumed.frames()
    expect(decodeFrame(frame).items).toMatchObject([{ type: 'resume', offset: client.kept()!.size }])
    expect(client.kept()!.size).toBeGreaterThan(10_000)
  })

  // mulberry32
  const generator = (seed: number) => () => {
    seed = (seed + 0x6d2b79f5) | 0
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }

  for (let seed = 1; seed <= 15; seed++) {
    test(`frames lost, doubled, damaged and out of order, seed ${seed}`, () => {
      const random = generator(seed)
      const [a, b] = [new TextStream(5), new TextStream(5)]
      const sent = Array.from({ length: 12 }, () => pattern(Math.floor(random() ** 3 * 120_000)))
      const arrived: Uint8Array[] = []
      const network: { to: TextStream; text: string }[] = []
      const queue = (to: TextStream) => (frames: (string | Uint8Array)[]) => {
        for (const text of frames as string[]) network.push({ to, text })
      }
      for (const message of sent) queue(b)(a.encode(message))
      for (let step = 0; step < 5_000 && arrived.length < sent.length; step++) {
        if (network.length === 0) {
          // Nothing moves any more: both sides go back to what is acknowledged.
          a.repeat()
          b.repeat()
          queue(b)(a.frames())
          queue(a)(b.frames())
        }
        if (network.length === 0) continue
        const at = random() < 0.8 ? 0 : Math.floor(random() * network.length)
        const [{ to, text }] = network.splice(at, 1)
        const what = random()
        if (what < 0.1) continue
        if (what < 0.2) network.push({ to, text })
        // Behind the version, which would be another protocol's.
        const damaged = what > 0.9 ? text.slice(0, 9) + text.slice(9).replace(/[A-M]/, 'Z') : text
        try {
          const messages = to.receive(damaged)
          if (to === b) arrived.push(...messages)
        } catch (error) {
          expect((error as FrameError).code).toBe('damaged')
        }
        queue(to === a ? b : a)(to.frames())
      }
      expect(arrived.length).toBe(sent.length)
      arrived.forEach((message, i) => expect(hex(message)).toBe(hex(sent[i])))
    })
  }

  test('no more is on the way than the window has room for', () => {
    const stream = new TextStream(1)
    const frames = stream.encode(pattern(500_000))
    const bytes = frames.reduce((sum, text) => sum + text.length * 0.75, 0)
    expect(bytes).toBeGreaterThan(80_000)
    expect(bytes).toBeLessThan(100_000)
    expect(frames.every((text) => text.length <= 32_000)).toBe(true)
    // And what waits behind it does not overtake it.
    expect(stream.encode(pattern(3))).toEqual([])
  })

  const bad: [string, Item[]][] = [
    ['an acknowledgement of what was not sent', [{ type: 'received', number: 9, offset: 0, head: null, again: false }]],
    ['a part beyond its message', [
      { type: 'begin', number: 1, head: { source: new Uint8Array(), length: 3, checksum: 0 }, start: 0 },
      { type: 'part', number: 1, offset: 0, data: new Uint8Array(9) }
    ]],
    ['a message that is not what its head names', [
      { type: 'begin', number: 1, head: { source: new Uint8Array(), length: 3, checksum: 7 }, start: 0 },
      { type: 'part', number: 1, offset: 0, data: new Uint8Array(3) }
    ]],
    ['a beginning in the middle', [
      { type: 'begin', number: 1, head: { source: new Uint8Array(), length: 3, checksum: 7 }, start: 2 }
    ]]
  ]
  for (const [name, items] of bad) {
    test(`refused: ${name}`, () => {
      expect(() => new TextStream(1).receive(encodeFrame(1, items))).toThrow(expect.objectContaining({ code: 'protocol' }))
    })
  }
})
