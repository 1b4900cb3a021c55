// Runs one small program under Yjs and under the package, and compares what it has logged.
import { clock } from './clock'
import * as Ropewalk from 'ropewalk'
import * as Yjs from 'yjs'
import { expect, test } from 'vitest'

export type Library = typeof Yjs
export interface Bench {
  Y: Library
  /** Notes values, as they are now. */
  log: (...values: unknown[]) => void
  /** Notes what `f` answers, or that it throws. */
  attempt: (name: string, f: () => unknown) => void
  /** A document of this client. */
  doc: (client: number, options?: object) => Yjs.Doc
  /** Replaces the clock; call to let time pass. */
  later: (milliseconds: number) => void
}

/** Shared types, documents and collections as plain data. */
export const plain = (Y: Library, value: any, depth = 0): unknown => {
  if (depth > 12) return '...'
  const inner = (other: unknown): unknown => plain(Y, other, depth + 1)
  if (typeof value === 'function') return 'function'
  if (typeof value === 'symbol') return 'symbol'
  if (typeof value === 'bigint') return `${value}n`
  if (value === undefined) return 'undefined'
  if (Object.is(value, -0)) return '-0'
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Y.Doc) return { doc: value.guid, load: value.shouldLoad, auto: value.autoLoad }
  if (value instanceof Y.AbstractType) {
    const name = (Y as any).XmlHook === value.constructor ? 'XmlHook' : nameOf(Y, value)
    if (value.doc === null) return `new ${name}`
    return { [name]: value instanceof Y.Text ? inner(value.toDelta()) : inner(value.toJSON()) }
  }
  if (value instanceof Uint8Array) return `bytes ${[...value].join(' ')}`
  if (value instanceof ArrayBuffer) return `buffer ${value.byteLength}`
  if (value instanceof Date) return `date ${value.getTime()}`
  if (value instanceof Map) return { map: [...value].map(([key, held]) => [inner(key), inner(held)]) }
  if (value instanceof Set) return { set: [...value].map(inner) }
  if (Array.isArray(value)) return value.map(inner)
  if (typeof value.clock === 'number' && typeof value.len === 'number') return `${value.clock}+${value.len}`
  if (value instanceof Y.YEvent) return { event: inner(value.target) }
  if (value instanceof Y.Transaction) return 'a transaction'
  if (value.constructor !== undefined && value.constructor !== Object) return `a ${value.constructor.name}`
  return Object.fromEntries(Object.keys(value).map((key) => [`.${key}`, inner(value[key])]))
}
const nameOf = (Y: Library, value: object): string =>
  (['XmlText', 'Text', 'Array', 'Map', 'XmlElement', 'XmlFragment', 'AbstractType'] as const).find(
    (name) => value.constructor === Y[name]
  ) ?? 'type'

const run = (Y: Library, program: (bench: Bench) => void): unknown[] => {
  const logged: unknown[] = []
  const { warn, error } = console
  console.warn = console.error = () => {}
  clock.time = 1_000_000
  const log = (...values: unknown[]): void => {
    logged.push(values.map((value) => plain(Y, value)))
  }
  try {
    program({
      Y,
      log,
      attempt: (name, f) => {
        let answer: unknown
        try {
          answer = f()
        } catch {
          log(name, 'throws')
          return
        }
        log(name, answer)
      },
      doc: (client, options) => {
        const doc = new Y.Doc(options)
        doc.clientID = client
        return doc
      },
      later: (milliseconds) => {
        clock.time! += milliseconds
      }
    })
  } finally {
    console.warn = warn
    console.error = error
    clock.time = null
  }
  return logged
}

/** The program logs the same in both. */
export const same = (name: string, program: (bench: Bench) => void): void => {
  test(name, () => {
    const theirs = run(Yjs, program)
    const ours = run(Ropewalk as unknown as Library, program)
    expect(theirs.length).toBeGreaterThan(0)
    expect(ours).toEqual(theirs)
  })
}
