import type { Awareness } from 'yjs/provider'
import { type Person, remember } from './people'
import { initials, type Present, usePresent } from './presence'

const words = { typing: 'typing', active: 'here', idle: 'idle', away: 'away' }

/** Who is here and what they do: oneself first, with a name that can be changed. */
export function People({ awareness }: { awareness: Awareness }) {
  const present = usePresent(awareness)
  return (
    <ul className="people" aria-label="Who is here">
      {present.map((person) => (
        <li key={person.key} data-status={person.status} title={describe(person)}>
          <Badge person={person} />
          {person.isMe ? (
            <Name person={person} onChange={(name) => rename(awareness, name)} />
          ) : (
            <span className="name">{person.name}</span>
          )}
          {!person.isMe && <span className="hidden">{words[person.status]}</span>}
        </li>
      ))}
    </ul>
  )
}

function rename(awareness: Awareness, name: string): void {
  const me = { ...(awareness.getLocalState()!.user as Person), name }
  remember(me)
  awareness.setLocalStateField('user', me)
}

function describe({ isMe, name, status, section, tabs }: Present): string {
  const where = section === undefined ? '' : `, at “${section}”`
  return `${isMe ? 'You' : name}: ${words[status]}${where}${tabs > 1 ? `, in ${tabs} tabs` : ''}`
}

/** Who types just now, in a line that takes no room. */
export function Typing({ awareness }: { awareness: Awareness }) {
  const names = usePresent(awareness)
    .filter(({ isMe, status }) => !isMe && status === 'typing')
    .map(({ name }) => name)
  return <p className="typing">{sentence(names)}</p>
}

function sentence(names: string[]): string {
  if (names.length === 0) return ''
  if (names.length > 2) return `${names.length} people are typing…`
  return names.length === 1 ? `${names[0]} is typing…` : `${names[0]} and ${names[1]} are typing…`
}

const Badge = ({ person }: { person: Present }) => (
  <span className="badge" style={{ background: person.color }} aria-hidden="true">
    {initials(person.name)}
    <span className="activity" />
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
