// Who is there and what they want to be seen with: names, colours, carets. The class and the functions
// are used as those of y-protocols, and understand its messages; providers accept either.
import { Observable } from '../base/observable.js'
import { Decoder, Encoder, type Bytes } from './bytes.js'
import { equal } from './equal.js'

/** A state that was not renewed for so long is gone. */
export const outdatedTimeout = 30_000

export type AwarenessState = { [key: string]: any }

export interface AwarenessChange {
  added: number[]
  updated: number[]
  removed: number[]
}

interface AwarenessEvents {
  /** Something in a state is another. */
  change: (change: AwarenessChange, origin: any) => void
  /** Or it was renewed. */
  update: (change: AwarenessChange, origin: any) => void
  destroy: (awareness: any) => void
}

/** What a provider needs of an awareness: the one below, or that of y-protocols. */
export interface AwarenessLike {
  clientID: number
  states: Map<number, AwarenessState>
  meta: Map<number, { clock: number; lastUpdated: number }>
  getLocalState(): AwarenessState | null
  setLocalState(state: AwarenessState | null): void
  setLocalStateField(field: string, value: any): void
  getStates(): Map<number, AwarenessState>
  on(name: any, listener: (...args: any[]) => void): unknown
  off(name: any, listener: (...args: any[]) => void): unknown
  emit(name: any, args: any[]): void
}

export class Awareness extends Observable<AwarenessEvents> {
  states = new Map<number, AwarenessState>()
  meta = new Map<number, { clock: number; lastUpdated: number }>()
  clientID: number
  #timer: ReturnType<typeof setInterval>

  constructor(public doc: { clientID: number; on(name: 'destroy', f: () => void): unknown }) {
    super()
    this.clientID = doc.clientID
    this.#timer = setInterval(() => this.#keep(), outdatedTimeout / 10)
    // Nobody stays in Node for the sake of being seen.
    ;(this.#timer as { unref?: () => void }).unref?.()
    doc.on('destroy', () => this.destroy())
    this.setLocalState({})
  }

  getStates(): Map<number, AwarenessState> {
    return this.states
  }

  getLocalState(): AwarenessState | null {
    return this.states.get(this.clientID) ?? null
  }

  setLocalState(state: AwarenessState | null): void {
    const id = this.clientID
    const before = this.states.get(id)
    const clock = this.meta.get(id)?.clock ?? -1
    if (state === null) this.states.delete(id)
    else this.states.set(id, state)
    this.meta.set(id, { clock: clock + 1, lastUpdated: Date.now() })
    const told = { added: [] as number[], updated: [] as number[], removed: [] as number[] }
    told[state === null ? 'removed' : before === undefined ? 'added' : 'updated'].push(id)
    if (told.updated.length === 0 || !equal(before, state)) this.emit('change', [told, 'local'])
    this.emit('update', [told, 'local'])
  }

  setLocalStateField(field: string, value: any): void {
    const state = this.getLocalState()
    if (state !== null) this.setLocalState({ ...state, [field]: value })
  }

  override destroy(): void {
    this.emit('destroy', [this])
    if (this.getLocalState() !== null) this.setLocalState(null)
    super.destroy()
    clearInterval(this.#timer)
  }

  /** Renews what is ours before it is outdated, and forgets what others no longer renew. */
  #keep(): void {
    const now = Date.now()
    const local = this.getLocalState()
    const renewed = this.meta.get(this.clientID)?.lastUpdated ?? 0
    if (local !== null && now - renewed >= outdatedTimeout / 2) this.setLocalState(local)
    const gone = [...this.meta].filter(
      ([id, { lastUpdated }]) =>
        id !== this.clientID && this.states.has(id) && now - lastUpdated >= outdatedTimeout
    )
    if (gone.length > 0) removeAwarenessStates(this, gone.map(([id]) => id), 'timeout')
  }
}

/** Takes clients off the list; the own one in a way that the others take over. */
export function removeAwarenessStates(awareness: AwarenessLike, clients: number[], origin: any): void {
  const removed = clients.filter((id) => awareness.states.delete(id))
  if (removed.includes(awareness.clientID)) {
    const clock = awareness.meta.get(awareness.clientID)?.clock ?? 0
    awareness.meta.set(awareness.clientID, { clock: clock + 1, lastUpdated: Date.now() })
  }
  if (removed.length === 0) return
  const told = { added: [], updated: [], removed }
  awareness.emit('change', [told, origin])
  awareness.emit('update', [told, origin])
}

export function encodeAwarenessUpdate(
  awareness: AwarenessLike,
  clients: number[],
  states: Map<number, AwarenessState> = awareness.states
): Bytes {
  const known = clients.filter((id) => awareness.meta.has(id))
  const to = new Encoder().uint(known.length)
  for (const id of known) {
    const { clock } = awareness.meta.get(id)!
    to.uint(id).uint(clock).string(JSON.stringify(states.get(id) ?? null))
  }
  return to.toBytes()
}

interface Entry {
  id: number
  clock: number
  state: AwarenessState | null
}

function readEntries(update: Uint8Array): Entry[] {
  const from = new Decoder(update)
  const entries: Entry[] = []
  for (let left = from.uint(); left > 0; left--) {
    entries.push({ id: from.uint(), clock: from.uint(), state: JSON.parse(from.string()) })
  }
  return entries
}

/** Takes over the states of an update that are newer than those known; all of them or, if it cannot be read, none. */
export function applyAwarenessUpdate(awareness: AwarenessLike, update: Uint8Array, origin: any): void {
  const told: AwarenessChange = { added: [], updated: [], removed: [] }
  const changed: number[] = []
  const now = Date.now()
  for (const { id, clock, state } of readEntries(update)) {
    const known = awareness.meta.get(id)
    const before = awareness.states.get(id)
    const last = known?.clock ?? 0
    const isNews = clock > last || (clock === last && state === null && before !== undefined)
    // Somebody new is news from the start; somebody unknown who is gone is nothing to keep.
    if (known === undefined ? state === null : !isNews) continue
    if (id === awareness.clientID && before !== undefined) {
      // Nobody else speaks for us: a newer clock says so with the next renewal, which is due.
      awareness.meta.set(id, { clock: clock + 1, lastUpdated: 0 })
      continue
    }
    awareness.meta.set(id, { clock, lastUpdated: now })
    if (state === null) {
      if (awareness.states.delete(id)) told.removed.push(id)
      continue
    }
    awareness.states.set(id, state)
    if (before === undefined) told.added.push(id)
    else {
      told.updated.push(id)
      if (!equal(before, state)) changed.push(id)
    }
  }
  const { added, updated, removed } = told
  if (added.length + changed.length + removed.length > 0) {
    awareness.emit('change', [{ added, updated: changed, removed }, origin])
  }
  if (added.length + updated.length + removed.length > 0) awareness.emit('update', [told, origin])
}

/** The update with each state replaced by what `modify` makes of it. */
export function modifyAwarenessUpdate(update: Uint8Array, modify: (state: any) => any): Bytes {
  const entries = readEntries(update)
  const to = new Encoder().uint(entries.length)
  for (const { id, clock, state } of entries) {
    to.uint(id).uint(clock).string(JSON.stringify(modify(state) ?? null))
  }
  return to.toBytes()
}
