// Comparison of values in the notation of the fixtures.

// Lists of [key, value] whose order does not count.
const kUnordered = new Set(['$obj', 'entries', 'attrs', 'attributes', 'keys'])
const kShown = 100

export function show(value, most = kShown) {
  const text = value === undefined ? 'nothing' : JSON.stringify(value)
  return text.length > most ? text.slice(0, most) + '...' : text
}

// What went wrong and where.
export const wordsOf = error => (error instanceof Error ? error.stack.split('\n').slice(0, 2).join('') : String(error))

export const lineOf = ({ where, expected, got }) => `${where}: expected ${expected}, got ${got}`

// The first difference, or null. The order of an object's members does not count.
export function compare(expected, got, where = '') {
  if (Array.isArray(expected) && Array.isArray(got)) return compareLists(expected, got, where)
  if (isObject(expected) && isObject(got)) return compareMembers(expected, got, where)
  if (expected === got) return null
  if (typeof expected === 'string' && typeof got === 'string') return differInText(expected, got, where)
  return { where, expected: show(expected), got: show(got) }
}

const isObject = value => value !== null && typeof value === 'object' && !Array.isArray(value)

function compareLists(expected, got, where) {
  for (let i = 0; i < Math.max(expected.length, got.length); i++) {
    const difference = compare(expected[i], got[i], `${where}[${i}]`)
    if (difference) return difference
  }
  return null
}

// In no order that depends on how objects were made. A key may be "__proto__".
function compareMembers(expected, got, where) {
  for (const key of [...new Set([...Object.keys(expected), ...Object.keys(got)])].sort()) {
    const [theirs, ours] = [expected, got].map(members => (Object.hasOwn(members, key) ? members[key] : undefined))
    const difference =
      kUnordered.has(key) && Array.isArray(theirs) && Array.isArray(ours)
        ? comparePairs(theirs, ours, where)
        : compare(theirs, ours, `${where}.${key}`)
    if (difference) return difference
  }
  return null
}

function comparePairs(expected, got, where) {
  const [theirs, ours] = [expected, got].map(pairs => new Map(pairs))
  for (const key of [...new Set([...theirs.keys(), ...ours.keys()])].sort()) {
    const difference = compare(theirs.get(key), ours.get(key), `${where}.${key}`)
    if (difference) return difference
  }
  return null
}

// Long texts are shown from shortly before the place where they part.
function differInText(expected, got, where) {
  let same = 0
  while (same < expected.length && expected[same] === got[same]) same++
  const start = Math.max(0, same - 20)
  const at = start > 0 ? `${where} from character ${start}` : where
  return { where: at, expected: show(expected.slice(start)), got: show(got.slice(start)) }
}
