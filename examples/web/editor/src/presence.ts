// Who is here, as the presence of all tabs tells it: one entry for a person, however many tabs they have.
import { useCallback, useEffect, useState } from 'react'
import { useAwareness } from 'yjs/react'
import type { ActivityStatus, Awareness, WebsocketProvider } from 'yjs/provider'
import type { Person } from './people'

export interface Present extends Person {
  /** Of the user; of the tab, where a server does not say who that is. */
  key: string
  isMe: boolean
  status: ActivityStatus
  /** The heading they are under. */
  section: string | undefined
  tabs: number
}

type States = ReadonlyMap<number, { [key: string]: any }>

const liveliest: ActivityStatus[] = ['typing', 'active', 'idle', 'away']

/** Oneself first, then in the order of names. Of several tabs, the one counts where most happens. */
export function gather(states: States, own: number): Present[] {
  const people = new Map<string, Present>()
  const myKey = keyOf(own, states.get(own))
  for (const [client, state] of [...states].sort(([a], [b]) => Number(b === own) - Number(a === own) || a - b)) {
    const { user, section } = state
    if (typeof user?.name !== 'string') continue
    const key = keyOf(client, state)
    const status = liveliest.includes(state.status) ? (state.status as ActivityStatus) : 'active'
    const known = people.get(key)
    if (known === undefined) {
      const { id, name, color, colorLight } = user
      people.set(key, { key, ...(id !== undefined && { id }), name, color, colorLight, isMe: key === myKey, status, section, tabs: 1 })
    } else {
      known.tabs++
      if (liveliest.indexOf(status) < liveliest.indexOf(known.status)) Object.assign(known, { status, section })
    }
  }
  return [...people.values()].sort((a, b) => Number(b.isMe) - Number(a.isMe) || (a.name < b.name ? -1 : Number(a.name > b.name)))
}

const keyOf = (client: number, state: { [key: string]: any } | undefined): string =>
  state?.user?.id === undefined ? `tab ${client}` : `user ${state.user.id}`

export function usePresent(awareness: Awareness): Present[] {
  return useAwareness(
    awareness,
    useCallback((states: States) => gather(states, awareness.clientID), [awareness])
  )
}

/** One letter for one name, two for more. */
export function initials(name: string): string {
  const words = name.trim().split(/\s+/)
  const last = words.length > 1 ? words.at(-1)! : ''
  return [words[0]!, last].map((word) => [...word][0] ?? '').join('').toUpperCase()
}

/** Whether the server takes changes from us; until it has said so, it may. */
export function useMayWrite(provider: WebsocketProvider): boolean {
  const may = (): boolean => !['reader', 'commenter'].includes(provider.welcome?.role ?? '')
  const [mayWrite, setMayWrite] = useState(may)
  useEffect(() => {
    const look = (): void => setMayWrite(may())
    look()
    provider.on('state', look)
    return () => provider.off('state', look)
  }, [provider])
  return mayWrite
}
