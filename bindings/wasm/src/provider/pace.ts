// Servers bound the messages a second. A person stays far below; a program that writes in a loop does
// not, so what comes too fast is sent together.

/** So many at once, then so many a second. */
const burst = 60
const perSecond = 50

export class Pace {
  #left = burst
  #at = Date.now()
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly flush: () => void) {}

  /** Whether a message may go now; if not, flush() is called as soon as one may. */
  take(): boolean {
    if (this.#timer !== undefined) return false
    const now = Date.now()
    this.#left = Math.min(burst, this.#left + (Math.max(0, now - this.#at) * perSecond) / 1000)
    this.#at = now
    if (this.#left >= 1) {
      this.#left--
      return true
    }
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.flush()
    }, 1000 / perSecond)
    return false
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }
}
