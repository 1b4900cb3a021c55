// The module as it travels: base64 of a header and a raw LZMA stream, made by tools/pack.py.
//
//   1 byte    (pb * 5 + lp) * 9 + lc: how many bits of the position and of the byte before choose
//             among the probabilities
//   4 bytes   size of what comes out, little endian
//   rest      the range coder's bytes; no end marker
//
// Written to be fast when it runs for the first and only time: one loop, typed arrays, and the
// probabilities of all decisions in one of them.

const TOP = 0x1000000
const RANGE = 0
const CODE = 1
const HALF = 0x400

// Where the probabilities of each kind of decision begin.
const IS_MATCH = 0 // [state][position]
const IS_REP = 192 // [state]
const IS_REP0 = 204
const IS_REP1 = 216
const IS_REP2 = 228
const IS_LONG = 240 // [state][position]
const SLOTS = 432 // [length][64]
const SPECIAL = 688 // distances that have few bits beyond their slot
const ALIGN = 804
const LENGTHS = 820 // of matches: choice, choice, short [position][8], middle likewise, long [256]
const REP_LENGTHS = 1334
const LITERALS = 1848 // [context][768]

/** Fails with an Error where the text is cut short or broken in a way that shows. */
export const unpack = (text: string): Uint8Array => {
  const packed = atob(text)
  const properties = packed.charCodeAt(0)
  const lc = properties % 9
  const lpMask = (1 << (Math.floor(properties / 9) % 5)) - 1
  const pbMask = (1 << Math.floor(properties / 45)) - 1
  let size = 0
  for (let i = 0; i < 4; i++) size += packed.charCodeAt(1 + i) * 2 ** (8 * i)
  if (Number.isNaN(size)) throw broken()
  const out = new Uint8Array(size)
  const odds = new Uint16Array(LITERALS + (0x300 << lc) * (lpMask + 1)).fill(HALF)

  let at = 6 // the first byte of a range coder is always zero
  // In an array, where numbers of 32 bits are not boxed.
  const coder = Uint32Array.of(-1, 0)
  for (let i = 0; i < 4; i++) coder[CODE] = (coder[CODE]! << 8) | packed.charCodeAt(at++)

  const shift = (): void => {
    coder[RANGE] = coder[RANGE]! << 8
    coder[CODE] = (coder[CODE]! << 8) | packed.charCodeAt(at++)
  }
  const bit = (place: number): number => {
    const odd = odds[place]!
    const range = coder[RANGE]!
    const code = coder[CODE]!
    const bound = (range >>> 11) * odd
    if (code < bound) {
      odds[place] = odd + ((0x800 - odd) >> 5)
      coder[RANGE] = bound
      if (bound < TOP) shift()
      return 0
    }
    odds[place] = odd - (odd >> 5)
    coder[RANGE] = range - bound
    coder[CODE] = code - bound
    if (range - bound < TOP) shift()
    return 1
  }
  const tree = (place: number, bits: number): number => {
    let node = 1
    for (let i = 0; i < bits; i++) node = (node << 1) | bit(place + node)
    return node - (1 << bits)
  }
  const reversed = (place: number, bits: number): number => {
    let node = 1
    let value = 0
    for (let i = 0; i < bits; i++) {
      const one = bit(place + node)
      node = (node << 1) | one
      value |= one << i
    }
    return value
  }
  const lengthOf = (place: number, position: number): number => {
    if (bit(place) === 0) return 2 + tree(place + 2 + (position << 3), 3)
    if (bit(place + 1) === 0) return 10 + tree(place + 130 + (position << 3), 3)
    return 18 + tree(place + 258, 8)
  }
  const distanceOf = (length: number): number => {
    const slot = tree(SLOTS + (Math.min(length - 2, 3) << 6), 6)
    if (slot < 4) return slot
    const bits = (slot >> 1) - 1
    const base = (2 | (slot & 1)) << bits
    if (slot < 14) return base + reversed(SPECIAL + base - slot, bits)
    let direct = 0
    for (let i = 4; i < bits; i++) {
      const half = coder[RANGE]! >>> 1
      const one = coder[CODE]! >= half ? 1 : 0
      coder[RANGE] = half
      if (one === 1) coder[CODE]! -= half
      direct = (direct << 1) | one
      if (half < TOP) shift()
    }
    return base + (direct << 4) + reversed(ALIGN, 4)
  }

  // State: 0-6 after a literal, 7-11 after a copy. The last four distances are kept.
  let state = 0
  let [rep0, rep1, rep2, rep3] = [0, 0, 0, 0]
  let before = 0
  for (let to = 0; to < size; ) {
    const position = to & pbMask
    if (bit(IS_MATCH + (state << 4) + position) === 0) {
      const place = LITERALS + 0x300 * (((to & lpMask) << lc) + (before >> (8 - lc)))
      let node = 1
      if (state >= 7) {
        let matched = out[to - rep0 - 1]!
        do {
          matched <<= 1
          const expected = matched & 0x100
          const one = bit(place + 0x100 + expected + node)
          node = (node << 1) | one
          if (expected >> 8 !== one) break
        } while (node < 0x100)
      }
      while (node < 0x100) node = (node << 1) | bit(place + node)
      before = out[to++] = node & 0xff
      state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6
      continue
    }
    let length = 1
    if (bit(IS_REP + state) === 0) {
      rep3 = rep2
      rep2 = rep1
      rep1 = rep0
      length = lengthOf(LENGTHS, position)
      rep0 = distanceOf(length)
      state = state < 7 ? 7 : 10
    } else if (bit(IS_REP0 + state) === 0) {
      if (bit(IS_LONG + (state << 4) + position) === 0) {
        state = state < 7 ? 9 : 11
      } else {
        length = lengthOf(REP_LENGTHS, position)
        state = state < 7 ? 8 : 11
      }
    } else {
      let distance = rep1
      if (bit(IS_REP1 + state) === 1) {
        distance = rep2
        if (bit(IS_REP2 + state) === 1) {
          distance = rep3
          rep3 = rep2
        }
        rep2 = rep1
      }
      rep1 = rep0
      rep0 = distance
      length = lengthOf(REP_LENGTHS, position)
      state = state < 7 ? 8 : 11
    }
    if (rep0 >= to || to + length > size) throw broken()
    for (const end = to + length; to < end; to++) out[to] = out[to - rep0 - 1]!
    before = out[to - 1]!
  }
  if (at > packed.length) throw broken()
  return out
}

const broken = (): Error => new Error('ropewalk: the script is incomplete; was it cut?')
