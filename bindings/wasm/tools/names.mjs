// Short names for what the engine exports: as they are written, they would be a kilobyte of the script
// and another of the module.
const EXPORTS = 7

/** The export section, cut out: where its content begins and ends. */
function findExports(bytes) {
  for (let at = 8; at < bytes.length;) {
    const id = bytes[at]
    const [size, from] = readNumber(bytes, at + 1)
    if (id === EXPORTS) return { at, from, to: from + size }
    at = from + size
  }
  throw new Error('names: the module exports nothing')
}

function readNumber(bytes, at) {
  for (let value = 0, shift = 0; ; shift += 7) {
    const byte = bytes[at++]
    value |= (byte & 127) << shift
    if (byte < 128) return [value, at]
  }
}

function number(value) {
  const bytes = []
  for (; value > 127; value >>>= 7) bytes.push((value & 127) | 128)
  return [...bytes, value]
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const name = (i) => (i < 52 ? '' : letters[Math.floor(i / 52) - 1]) + letters[i % 52]

/** The module with short names, and which they are: { rw_list_insert: 'b', ... }. */
export function shorten(bytes, isLong) {
  const { at, from, to } = findExports(bytes)
  const names = {}
  const content = []
  let [count, next] = readNumber(bytes, from)
  content.push(...number(count))
  for (; count > 0; count--) {
    const [size, text] = readNumber(bytes, next)
    const long = Buffer.from(bytes.subarray(text, text + size)).toString()
    const [, end] = readNumber(bytes, text + size + 1)
    if (isLong(long)) names[long] = name(Object.keys(names).length)
    const short = Buffer.from(names[long] ?? long)
    content.push(...number(short.length), ...short, ...bytes.subarray(text + size, end))
    next = end
  }
  const section = [EXPORTS, ...number(content.length), ...content]
  return { module: Buffer.concat([bytes.subarray(0, at), Buffer.from(section), bytes.subarray(to)]), names }
}
