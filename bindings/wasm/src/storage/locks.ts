// One writer for each document, among all tabs and workers of a browser.
import { failure } from './module.js'

/** As long as a page that is left, or loaded again, may take to let go of what it had. */
const GRACE = 1000

const inUse = (): Error => failure('in_use', 0, 'another tab or worker has this document open for writing; close it there')

/** Kept until it is let go of, or the page is gone. null: there are no locks here. */
export const lock = (name: string): Promise<(() => void) | null> => {
  const { locks } = globalThis.navigator ?? {}
  if (locks === undefined) return Promise.resolve(null)
  return new Promise((resolve, reject) => {
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), GRACE)
    locks
      .request(name, { signal: late.signal }, () => {
        clearTimeout(timer)
        return new Promise<void>((release) => resolve(release))
      })
      .catch((error: Error) => {
        clearTimeout(timer)
        reject(late.signal.aborted ? inUse() : error)
      })
  })
}

/** Calls until it is not in use any more; for how long depends on whether we know that it is free. */
export const patiently = async <T>(isOurs: boolean, call: () => Promise<T>): Promise<T> => {
  const end = Date.now() + (isOurs ? 5 * GRACE : GRACE)
  for (;;) {
    try {
      return await call()
    } catch (error) {
      if ((error as { code?: string }).code !== 'in_use' || Date.now() > end) throw error
      await new Promise((next) => setTimeout(next, 20))
    }
  }
}
