// Shared types as React state. A component renders again only when what it reads has become another
// value; equal values stay the same object, so `memo` and dependency lists work.
import { useEffect, useMemo, useRef, useSyncExternalStore } from 'react'
import type { Array as YArray, Map as YMap, Text as YText } from '../index.js'
import { share } from './share.js'
import { changesOf, contentOf, watchEvents, type Emitter, type Watched } from './watch.js'

/** What `toJSON` makes of a value in a shared type. */
export type Plain<T> =
  T extends YMap<infer V>
    ? { [key: string]: Plain<V> }
    : T extends YArray<infer V>
      ? Plain<V>[]
      : T extends YText
        ? string
        : T

function useWatched<T, S>(source: Watched<T>, select: (value: T) => S): S {
  // What was rendered last: a selection made anew by an equal function is compared with it.
  const rendered = useRef<{ value: S } | null>(null)
  const get = useMemo(() => {
    let from: T
    let selected: { value: S } | null = null
    return () => {
      const value = source.get()
      if (selected === null || !Object.is(from, value)) {
        selected = { value: share((selected ?? rendered.current)?.value, select(value)) }
        from = value
      }
      return selected.value
    }
  }, [source, select])
  const value = useSyncExternalStore(source.subscribe, get, get)
  useEffect(() => {
    rendered.current = { value }
  }, [value])
  return value
}

const same = (value: any): any => value

/** The text as a string. */
export function useText(text: YText): string
/** What `select` reads of the text: `useText(text, (text) => text.toDelta())`. */
export function useText<S>(text: YText, select: (text: YText) => S): S
export function useText(text: YText, select: (text: YText) => unknown = String): unknown {
  const read = useMemo(() => () => select(text), [text, select])
  return useWatched(changesOf(text), read)
}

/** The map as a plain object, with all that is in it. */
export function useMap<V>(map: YMap<V>): { [key: string]: Plain<V> }
/** What `select` takes of it: `useMap(todo, (todo) => todo.done)`. */
export function useMap<V, S>(map: YMap<V>, select: (map: { [key: string]: Plain<V> }) => S): S
export function useMap(map: YMap<any>, select: (value: any) => unknown = same): unknown {
  return useWatched(contentOf(map), select)
}

/** The list as a plain array, with all that is in it. */
export function useArray<V>(array: YArray<V>): Plain<V>[]
/** What `select` takes of it: `useArray(todos, (todos) => todos.length)`. */
export function useArray<V, S>(array: YArray<V>, select: (array: Plain<V>[]) => S): S
export function useArray(array: YArray<any>, select: (value: any) => unknown = same): unknown {
  return useWatched(contentOf(array), select)
}

type State = { [key: string]: any }
/** Who is there, by client id. */
export type States = ReadonlyMap<number, State>

/** As y-protocols has it. */
export interface AwarenessLike extends Emitter {
  getStates(): Map<number, State>
}

/** The states of everybody who is there. */
export function useAwareness(awareness: AwarenessLike): States
/** What `select` takes of them: `useAwareness(awareness, (states) => states.size)`. */
export function useAwareness<S>(awareness: AwarenessLike, select: (states: States) => S): S
export function useAwareness(
  awareness: AwarenessLike,
  select: (states: States) => unknown = same
): unknown {
  const source = useMemo(
    () => watchEvents(awareness, ['change'], () => new Map(awareness.getStates())),
    [awareness]
  )
  return useWatched(source, select)
}

/** As `UndoManager` has it. */
export interface UndoLike extends Emitter {
  undo(): unknown
  redo(): unknown
  canUndo(): boolean
  canRedo(): boolean
}

export interface Undo {
  undo: () => void
  redo: () => void
  canUndo: boolean
  canRedo: boolean
}

/** Undo and redo, and whether there is something to undo and redo. */
export function useUndo(manager: UndoLike): Undo {
  const [source, undo, redo] = useMemo(
    () =>
      [
        watchEvents(
          manager,
          ['stack-item-added', 'stack-item-updated', 'stack-item-popped', 'stack-cleared'],
          () => ({ canUndo: manager.canUndo(), canRedo: manager.canRedo() })
        ),
        () => void manager.undo(),
        () => void manager.redo()
      ] as const,
    [manager]
  )
  const can: { canUndo: boolean; canRedo: boolean } = useWatched(source, same)
  return useMemo(() => ({ undo, redo, ...can }), [undo, redo, can])
}

/** As y-websocket has it, or any provider that has `status` and tells of it. */
export interface ProviderLike extends Emitter {
  synced?: boolean
  status?: string
  wsconnected?: boolean
  wsconnecting?: boolean
  /** What providers of `ropewalk/provider` know beyond that. */
  state?: string
  unsent?: number
  lastError?: { code: number | string; message: string } | null
}

export interface Connection {
  /** `connected`, `connecting`, `disconnected`, or what else the provider calls it. */
  status: string
  /** Whether all that the server had when we connected is here. */
  synced: boolean
  /** `synced`, `syncing`, `unsynced` or `offline`, of a provider that knows. */
  state?: string
  /** How many changes the server has not acknowledged. */
  unsent?: number
  /** What went wrong last. */
  lastError?: { code: number | string; message: string } | null
}

/** How a provider is connected. */
export function useConnection(provider: ProviderLike): Connection {
  const source = useMemo(
    () => watchEvents(provider, ['status', 'sync', 'synced', 'connection-close', 'state'], () => read(provider)),
    [provider]
  )
  return useWatched(source, same)
}

function read(provider: ProviderLike): Connection {
  const connection = { status: statusOf(provider), synced: provider.synced === true }
  const { state, unsent = 0, lastError = null } = provider
  return state === undefined ? connection : { ...connection, state, unsent, lastError }
}

function statusOf({ status, wsconnected, wsconnecting }: ProviderLike): string {
  if (status !== undefined) return status
  if (wsconnected) return 'connected'
  return wsconnecting ? 'connecting' : 'disconnected'
}
