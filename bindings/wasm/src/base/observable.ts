// Events by name: on, once, off, emit.

export type Listeners = Record<string, (...args: any[]) => void>

/** Calls listeners by the name of an event, in the order in which they came. */
export class Observable<Events extends { [Key in keyof Events]: (...args: any[]) => void }> {
  /** Who listens, by name. */
  _observers = new Map<keyof Events | string, Set<(...args: any[]) => void>>()

  on<Name extends keyof Events & string>(name: Name, f: Events[Name]): Events[Name] {
    let listeners = this._observers.get(name)
    if (listeners === undefined) this._observers.set(name, (listeners = new Set()))
    listeners.add(f)
    return f
  }

  once<Name extends keyof Events & string>(name: Name, f: Events[Name]): void {
    const once = (...args: any[]): void => {
      this.off(name, once as Events[Name])
      f(...args)
    }
    this.on(name, once as Events[Name])
  }

  off<Name extends keyof Events & string>(name: Name, f: Events[Name]): void {
    const listeners = this._observers.get(name)
    if (listeners === undefined) return
    listeners.delete(f)
    if (listeners.size === 0) this._observers.delete(name)
  }

  /** Calls those who listen now; who is added meanwhile starts with the next. */
  emit<Name extends keyof Events & string>(name: Name, args: Parameters<Events[Name]>): void {
    const listeners = this._observers.get(name)
    if (listeners === undefined) return
    for (const f of [...listeners]) f(...args)
  }

  /** Nobody is told of anything any more. */
  destroy(): void {
    this._observers = new Map()
  }
}
