// Short names for what the engine exports: as they are written, they would be a kilobyte of the script
// and another of the module.
import { numberBytes, readNumber, sectionsOf } from './instructions.mjs'

const kExports = 7

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'
const name = (i) => (i < 52 ? '' : letters[Math.floor(i / 52) - 1]) + letters[i % 52]

/** The module with short names, and which they are: { rw_list_insert: 'b', ... }. */
export function shorten(bytes, isLong) {
  const { at, from, to } = sectionsOf(bytes).find(({ id }) => id === kExports)
  const names = {}
  const content = []
  let [count, next] = readNumber(bytes, from)
  content.push(...numberBytes(count))
  for (; count > 0; count--) {
    const [size, text] = readNumber(bytes, next)
    const long = Buffer.from(bytes.subarray(text, text + size)).toString()
    const [, end] = readNumber(bytes, text + size + 1)
    if (isLong(long)) names[long] = name(Object.keys(names).length)
    const short = Buffer.from(names[long] ?? long)
    content.push(...numberBytes(short.length), ...short, ...bytes.subarray(text + size, end))
    next = end
  }
  const section = [kExports, ...numberBytes(content.length), ...content]
  return { module: Buffer.concat([bytes.subarray(0, at), Buffer.from(section), bytes.subarray(to)]), names }
}
