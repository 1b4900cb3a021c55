// One small generator for everything, so that a seed names a whole history.
export class Rng {
  constructor(seed) {
    // Neighbouring seeds must not give neighbouring streams.
    let x = (seed ^ 0x9e3779b9) >>> 0
    const mix = () => {
      x = (x + 0x6d2b79f5) >>> 0
      let t = Math.imul(x ^ (x >>> 15), x | 1)
      t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
      return (t ^ (t >>> 14)) >>> 0
    }
    this.state = [mix(), mix(), mix(), mix() | 1]
  }

  // xorshift128: 32 bits
  bits() {
    const s = this.state
    let t = s[3]
    t ^= t << 11
    t ^= t >>> 8
    s[3] = s[2]
    s[2] = s[1]
    s[1] = s[0]
    t ^= s[0] ^ (s[0] >>> 19)
    s[0] = t >>> 0
    return s[0]
  }

  below(n) {
    return this.bits() % n
  }

  between(low, high) {
    return low + this.below(high - low + 1)
  }

  chance(p) {
    return this.bits() < p * 4294967296
  }

  pick(list) {
    return list[this.below(list.length)]
  }

  shuffle(list) {
    const shuffled = [...list]
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.below(i + 1)
      ;[shuffled[i], shuffled[j]] = [shuffled[j], shuffled[i]]
    }
    return shuffled
  }

  // weighted([[weight, value], ...])
  weighted(pairs) {
    let left = this.bits() % pairs.reduce((sum, [weight]) => sum + weight, 0)
    for (const [weight, value] of pairs) {
      if (left < weight) return value
      left -= weight
    }
    return pairs[0][1]
  }
}
