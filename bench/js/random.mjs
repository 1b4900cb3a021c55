// The same sequence for every contestant and on every machine.
export class Random {
  constructor(seed) {
    this.state = seed >>> 0
  }

  // A counter through a mixing function.
  bits() {
    this.state = (this.state + 0x9e3779b9) >>> 0
    let x = this.state
    x = Math.imul(x ^ (x >>> 16), 0x21f0aaad)
    x = Math.imul(x ^ (x >>> 15), 0x735a2d97)
    return (x ^ (x >>> 15)) >>> 0
  }

  below(n) {
    return Math.floor((this.bits() / 4294967296) * n)
  }

  letter() {
    return String.fromCharCode(97 + this.below(26))
  }

  word(shortest, longest) {
    return this.letters(shortest + this.below(longest - shortest + 1))
  }

  letters(n) {
    let text = ''
    for (let i = 0; i < n; i++) text += this.letter()
    return text
  }
}
