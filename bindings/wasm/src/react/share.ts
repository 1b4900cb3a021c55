// What is equal stays the same object: React compares by identity.

/** `next`, with every part that equals the same part of `last` replaced by that part. */
export function share<T>(last: unknown, next: T): T {
  if (Object.is(last, next)) return next
  if (Array.isArray(last) && Array.isArray(next)) {
    const shared = next.map((value, i) => share(last[i], value))
    const same = last.length === next.length && shared.every((value, i) => Object.is(value, last[i]))
    return (same ? last : shared) as T
  }
  if (last instanceof Map && next instanceof Map) {
    const shared = new Map([...next].map(([key, value]) => [key, share(last.get(key), value)]))
    const same =
      last.size === next.size &&
      [...shared].every(([key, value]) => last.has(key) && Object.is(value, last.get(key)))
    return (same ? last : shared) as T
  }
  if (isPlain(last) && isPlain(next)) {
    const keys = Object.keys(next)
    // Keys such as `__proto__` are data: entries define, they do not assign.
    const shared = Object.fromEntries(
      keys.map((key) => [key, share(Object.hasOwn(last, key) ? last[key] : undefined, next[key])])
    )
    const same =
      Object.keys(last).length === keys.length &&
      keys.every((key) => Object.hasOwn(last, key) && Object.is(shared[key], last[key]))
    return (same ? last : shared) as T
  }
  return next
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
