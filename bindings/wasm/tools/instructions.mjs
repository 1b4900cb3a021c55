// Walks a WebAssembly module: its sections, and what each instruction of its functions is made of.

export const kCode = 10

/** A number without sign, as far as that is asked for, and where it ends. */
export const readNumber = (bytes, at) => {
  for (let value = 0, shift = 0; ; shift += 7) {
    if (at >= bytes.length) throw new Error('instructions: the module ends too early')
    const byte = bytes[at++]
    value += (byte & 127) * 2 ** shift
    if (byte < 128) return [value, at]
  }
}
export const numberBytes = (value) => {
  const bytes = []
  for (; value > 127; value = Math.floor(value / 128)) bytes.push((value & 127) | 128)
  return [...bytes, value]
}

/** What stands in a section: `from` and `to`, and where the section itself begins. */
export const sectionsOf = (bytes) => {
  const sections = []
  for (let at = 8; at < bytes.length; ) {
    const [size, from] = readNumber(bytes, at + 1)
    sections.push({ id: bytes[at], at, from, to: from + size })
    at = from + size
  }
  if (sections.at(-1)?.to !== bytes.length) throw new Error('instructions: the last section ends elsewhere')
  return sections
}

/** The functions of a code section: from their locals to their ends. */
export const functionsOf = (bytes, { from, to }) => {
  let [left, at] = readNumber(bytes, from)
  const functions = []
  for (; left > 0; left--) {
    const [size, begin] = readNumber(bytes, at)
    functions.push({ from: begin, to: begin + size })
    at = begin + size
  }
  if (at !== to) throw new Error('instructions: the code ends elsewhere')
  return functions
}

const kEnd = 0x0b
/** What stands behind an opcode, in the order of its operands; alignment and the like go with opcodes. */
const kOperands = new Map()
const stands = (from, to, ...operands) => {
  for (let opcode = from; opcode <= to; opcode++) kOperands.set(opcode, operands)
}
stands(0x00, 0x01)
stands(0x02, 0x04, 'opcode')
stands(0x05, 0x05)
stands(kEnd, kEnd)
stands(0x0c, 0x0d, 'depth')
stands(0x0f, 0x0f)
stands(0x10, 0x10, 'function')
stands(0x11, 0x11, 'type', 'opcode')
stands(0x1a, 0x1b)
stands(0x20, 0x22, 'local')
stands(0x23, 0x24, 'global')
stands(0x28, 0x3e, 'opcode', 'offset')
stands(0x3f, 0x40, 'opcode')
stands(0x41, 0x41, 'i32')
stands(0x42, 0x42, 'i64')
stands(0x45, 0xc4)
// Of those that begin with 0xfc: saturating conversions, memory.copy, memory.fill.
const kMore = new Map([...Array(8).keys()].map((which) => [which, 0]).concat([[10, 2], [11, 1]]))

/** Tells `visit` of each piece of a function: what it is, from where to where, and its number. */
export const walk = (bytes, { from, to }, visit) => {
  let at = from
  const number = (kind) => {
    const [value, end] = readNumber(bytes, at)
    visit(kind, at, end, value)
    at = end
    return value
  }
  const piece = (kind, size) => {
    visit(kind, at, at + size, bytes[at])
    at += size
    return bytes[at - size]
  }
  for (let groups = number('declared'); groups > 0; groups--) {
    number('declared')
    piece('declared', 1)
  }
  for (let open = 1; open > 0; ) {
    const opcode = piece('opcode', 1)
    if (opcode >= 0x02 && opcode <= 0x04) open++
    else if (opcode === kEnd) open--
    if (opcode === 0x0e) {
      for (let left = number('depth') + 1; left > 0; left--) number('depth')
    } else if (opcode === 0x43 || opcode === 0x44) {
      piece('fixed', opcode === 0x43 ? 4 : 8)
    } else if (opcode === 0xfc) {
      const which = number('opcode')
      if (!kMore.has(which)) throw new Error(`instructions: 0xfc ${which} is not known here`)
      for (let left = kMore.get(which); left > 0; left--) number('opcode')
    } else {
      const operands = kOperands.get(opcode)
      if (operands === undefined) throw new Error(`instructions: ${opcode} at ${at - 1} is not known here`)
      operands.forEach(number)
    }
  }
  if (at !== to) throw new Error(`instructions: a function ends at ${at} in place of ${to}`)
}
