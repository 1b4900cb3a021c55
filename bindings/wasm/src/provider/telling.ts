// When presence is told. A caret moves with every key and every drag of the mouse; others see it move
// smoothly at ten a second, so that is how often it is told, however often it moves.

/** Between two messages about presence, in milliseconds. */
export const presenceInterval = 100

export class Telling {
  readonly #changed = new Set<number>()
  #told = -Infinity
  #timer: ReturnType<typeof setTimeout> | undefined

  constructor(private readonly tell: (clients: number[]) => void) {}

  /** The presence of these has changed: told at once, or with what else changes until it may be. */
  add(clients: Iterable<number>): void {
    for (const client of clients) this.#changed.add(client)
    if (this.#timer !== undefined || this.#changed.size === 0) return
    // A clock that was set back makes nobody wait longer.
    const wait = Math.min(presenceInterval, this.#told + presenceInterval - Date.now())
    if (wait <= 0) this.#flush()
    else this.#timer = setTimeout(() => this.#flush(), wait)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#changed.clear()
  }

  #flush(): void {
    this.#timer = undefined
    this.#told = Date.now()
    const clients = [...this.#changed]
    this.#changed.clear()
    this.tell(clients)
  }
}
