// Bytes as text. What often comes in pairs gets a symbol of its own, again and again: the transport's
// compression codes single letters well, and does not see what follows on which. What comes often is one
// letter long, and the rest two; the table of symbols goes in front.
import { deflateRawSync } from 'node:zlib'

// What a script's string holds as it is, whoever writes it.
const kLetters = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).filter((letter) => !'"$\'<\\`'.includes(letter))
const kShort = kLetters.length - 2
const kMost = 256
/** A pair that comes less often costs more in the table than it saves. */
const kLeast = 6
/** So many pairs are made between one look at the size and the next. */
const kStep = 6

const number = (value) => {
  if (value >= kLetters.length ** 3) throw new Error('pairs: too long for three letters')
  return [value / kLetters.length ** 2, value / kLetters.length, value].map((digit) => kLetters[Math.floor(digit) % kLetters.length]).join('')
}
const symbol = (rank) => {
  if (rank < kShort) return kLetters[rank]
  const rest = rank - kShort
  return kLetters[kShort + Math.floor(rest / kLetters.length)] + kLetters[rest % kLetters.length]
}

/** Symbols by how often they come, most often first: text as short as it can be. */
const written = (symbols, table) => {
  const often = new Array(table.length).fill(0)
  for (const one of symbols) often[one]++
  const order = table.map((_, i) => i).sort((a, b) => often[b] - often[a])
  const rank = []
  order.forEach((one, i) => (rank[one] = i))
  const entry = (one) =>
    typeof table[one] === 'number' ? kLetters[0] + symbol(table[one]) : kLetters[1] + table[one].map((part) => symbol(rank[part])).join('')
  const text = Array.from(symbols, (one) => symbol(rank[one])).join('')
  return number(table.length) + order.map(entry).join('') + number(symbols.length) + text
}

const mostOften = (symbols) => {
  const often = new Uint32Array(kMost * kMost)
  for (let i = 1; i < symbols.length; i++) often[symbols[i - 1] * kMost + symbols[i]]++
  let best = 0
  for (let pair = 1; pair < often.length; pair++) if (often[pair] > often[best]) best = pair
  return { pair: [Math.floor(best / kMost), best % kMost], count: often[best] }
}

const joined = (symbols, [first, second], made) => {
  let size = 0
  for (let i = 0; i < symbols.length; i++) {
    const both = symbols[i] === first && i + 1 < symbols.length && symbols[i + 1] === second
    symbols[size++] = both ? made : symbols[i]
    if (both) i++
  }
  return symbols.subarray(0, size)
}

/** The text that compresses best. */
export const textOf = (bytes) => {
  const table = [...new Set(bytes)]
  const names = new Map(table.map((byte, i) => [byte, i]))
  let symbols = Uint16Array.from(bytes, (byte) => names.get(byte))
  let best = { cost: Infinity, text: '' }
  const look = () => {
    const text = written(symbols, table)
    const cost = deflateRawSync(text, { level: 9 }).length
    if (cost < best.cost) best = { cost, text }
  }
  look()
  for (let made = 1; table.length < kMost; made++) {
    const { pair, count } = mostOften(symbols)
    if (count < kLeast) break
    symbols = joined(symbols, pair, table.length)
    table.push(pair)
    if (made % kStep === 0) look()
  }
  look()
  return best.text
}
