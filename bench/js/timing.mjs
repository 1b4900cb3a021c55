/// CPU time of this process in milliseconds, all of its threads: what a collector or a compiler does
/// in the background counts.
export function cpuMs(action) {
  globalThis.gc?.()
  const start = process.cpuUsage()
  const result = action()
  const { user, system } = process.cpuUsage(start)
  return { ms: (user + system) / 1e3, result }
}
