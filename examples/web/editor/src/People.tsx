import { useCallback } from 'react'
import { useAwareness } from 'yjs/react'
import type { Awareness } from 'yjs/provider'
import { type Person, remember } from './people'

interface Present extends Person {
  id: number
}

/** Who is here: oneself first, with a name that can be changed. */
export function People({ awareness }: { awareness: Awareness }) {
  const present = useAwareness(
    awareness,
    useCallback((states: ReadonlyMap<number, { [key: string]: any }>) => list(states), [])
  )
  const me = present.find(({ id }) => id === awareness.clientID)
  const others = present.filter(({ id }) => id !== awareness.clientID)
  return (
    <ul className="people" aria-label="Who is here">
      {me !== undefined && (
        <li>
          <Badge person={me} />
          <Name person={me} onChange={(name) => awareness.setLocalStateField('user', remember({ ...strip(me), name }))} />
        </li>
      )}
      {others.map((person) => (
        <li key={person.id} title={person.name}>
          <Badge person={person} />
          <span className="name">{person.name}</span>
        </li>
      ))}
    </ul>
  )
}

const list = (states: ReadonlyMap<number, { [key: string]: any }>): Present[] =>
  [...states]
    .filter(([, { user }]) => typeof user?.name === 'string')
    .map(([id, { user }]) => ({ id, name: user.name, color: user.color, colorLight: user.colorLight }))
    .sort((a, b) => a.id - b.id)

const strip = ({ name, color, colorLight }: Present): Person => ({ name, color, colorLight })

const Badge = ({ person }: { person: Person }) => (
  <span className="badge" style={{ background: person.color }} aria-hidden="true">
    {[...person.name][0]?.toUpperCase()}
  </span>
)

function Name({ person, onChange }: { person: Person; onChange: (name: string) => void }) {
  return (
    <>
      <input
        className="name"
        aria-label="Your name"
        title="Your name: click to change it"
        maxLength={24}
        size={Math.max(3, person.name.length)}
        defaultValue={person.name}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
        onBlur={({ currentTarget }) => {
          const name = currentTarget.value.trim()
          if (name === '') currentTarget.value = person.name
          else if (name !== person.name) onChange(name)
        }}
      />
      <span className="you">you</span>
    </>
  )
}
