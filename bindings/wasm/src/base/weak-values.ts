// Objects by number, as long as somebody holds them.

export class WeakValues<T extends object> {
  #values = new Map<number, WeakRef<T>>()
  #sweepAt = 1024

  get(key: number): T | undefined {
    return this.#values.get(key)?.deref()
  }
  keep(key: number, value: T): T {
    this.#values.set(key, new WeakRef(value))
    if (this.#values.size > this.#sweepAt) this.#sweep()
    return value
  }
  // When twice as many are there as were found alive: constant time for each that is kept.
  #sweep(): void {
    for (const [key, value] of this.#values) {
      if (value.deref() === undefined) this.#values.delete(key)
    }
    this.#sweepAt = Math.max(1024, this.#values.size * 2)
  }
}
