// What hooks read: a value that stays the same object until something in it has changed, and a way to
// hear of that. The content of a type is kept once, however many components read it.
import type { AbstractType } from '../index.js'
import { share } from './share.js'

export interface Watched<T> {
  subscribe: (told: () => void) => () => void
  get: () => T
}

type AnyType = AbstractType<any>

const contents = new WeakMap<AnyType, Content>()
const changes = new WeakMap<AnyType, Changes>()

/**
 * The content of a type and of all types in it, as `toJSON` gives it. A change makes new objects on the
 * way from the type to what has changed; all others stay the same.
 */
export function contentOf(type: AnyType): Watched<unknown> {
  let content = contents.get(type)
  if (content === undefined) contents.set(type, (content = new Content(type)))
  return content
}

/** A number that is another one whenever something in the type may have changed. */
export function changesOf(type: AnyType): Watched<number> {
  let change = changes.get(type)
  if (change === undefined) changes.set(type, (change = new Changes(type)))
  return change
}

/** Observes a type as long as somebody listens. */
abstract class Observer {
  protected readonly type: AnyType
  readonly #told = new Set<() => void>()

  constructor(type: AnyType) {
    this.type = type
  }

  protected get isOn(): boolean {
    return this.#told.size > 0
  }

  protected abstract started(): void
  protected abstract changed(events: { target: AnyType }[]): void

  readonly subscribe = (told: () => void): (() => void) => {
    // An object of its own: the same function may listen twice.
    const listener = (): void => told()
    if (!this.isOn) {
      this.started()
      this.type.observeDeep(this.#observe)
    }
    this.#told.add(listener)
    return () => {
      if (this.#told.delete(listener) && !this.isOn) this.type.unobserveDeep(this.#observe)
    }
  }

  readonly #observe = (events: { target: AnyType }[]): void => {
    this.changed(events)
    for (const tell of [...this.#told]) tell()
  }
}

class Changes extends Observer implements Watched<number> {
  #count = 0

  // Unheard changes may have happened before every question.
  readonly get = (): number => (this.isOn ? this.#count : ++this.#count)

  protected started(): void {}

  protected changed(): void {
    this.#count++
  }
}

class Content extends Observer implements Watched<unknown> {
  /** What the types in it held when they were read, as long as somebody listens. */
  #read = new WeakMap<AnyType, unknown>()
  #last: unknown

  readonly get = (): unknown => {
    if (!this.isOn) this.#read = new WeakMap()
    // Equal content read anew is the same object: nothing was heard, so nothing is known to be new.
    if (!this.#read.has(this.type)) this.#last = share(this.#last, this.#valueOf(this.type))
    return this.#last
  }

  protected started(): void {
    this.#read = new WeakMap()
  }

  protected changed(events: { target: AnyType }[]): void {
    for (const { target } of events) {
      for (let type: AnyType | null = target; type; type = type.parent as AnyType | null) {
        this.#read.delete(type)
        if (type === this.type) break
      }
    }
  }

  #valueOf(value: unknown): unknown {
    if (!isType(value)) return value
    if (this.#read.has(value)) return this.#read.get(value)
    let plain: unknown
    // By what they can do: an app may have these classes from `yjs` or from `ropewalk`.
    if (isMap(value)) {
      plain = Object.fromEntries([...value.entries()].map(([key, inner]) => [key, this.#valueOf(inner)]))
    } else if (isList(value)) plain = value.toArray().map((inner) => this.#valueOf(inner))
    else plain = value.toJSON()
    this.#read.set(value, plain)
    return plain
  }
}

const can = (value: object, ...names: string[]): boolean =>
  names.every((name) => typeof (value as Record<string, unknown>)[name] === 'function')

const isType = (value: unknown): value is AnyType =>
  typeof value === 'object' && value !== null && can(value, 'observeDeep', 'toJSON')
const isMap = (type: object): type is { entries(): Iterable<[string, unknown]> } =>
  can(type, 'entries', 'set', 'has')
// XML has children too, but its JSON is text.
const isList = (type: object): type is { toArray(): unknown[] } =>
  can(type, 'toArray', 'push') && !('firstChild' in type)

/** What has events by name and values that are read whenever one of these came. */
export interface Emitter {
  on(name: any, listener: (...args: any[]) => void): unknown
  off(name: any, listener: (...args: any[]) => void): unknown
}

/** Reads an emitter anew after each of these events. */
export function watchEvents<T>(source: Emitter, names: string[], read: () => T): Watched<T> {
  let last: T
  return {
    subscribe(told) {
      const listener = (): void => told()
      for (const name of names) source.on(name, listener)
      return () => names.forEach((name) => source.off(name, listener))
    },
    get: () => (last = share(last, read()))
  }
}
