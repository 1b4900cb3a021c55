// How long to wait before the next attempt: anything up to a bound that doubles, so that clients which
// lost a server together do not come back together.

const first = 200
/** After `later`: nobody comes back sooner than this. */
const pause = 2_000

export class Backoff {
  /** Attempts in a row that came to nothing. */
  failures = 0

  constructor(
    public most: number,
    private readonly random: () => number
  ) {}

  /** Milliseconds to wait, after one more failure. */
  next(later = false): number {
    const bound = Math.min(this.most, first * 2 ** Math.min(this.failures++, 30))
    const wait = this.random() * bound
    return later ? pause + wait + this.random() * pause : wait
  }

  reset(): void {
    this.failures = 0
  }
}
