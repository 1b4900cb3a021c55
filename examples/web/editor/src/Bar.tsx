import { useState } from 'react'
import { linkTo } from './address'
import { Notices } from './Notices'
import { People } from './People'
import type { Session } from './session'
import { Status } from './Status'

export function Bar({ session, onNew }: { session: Session | null; onNew: () => void }) {
  return (
    <header className="bar">
      <h1 className="brand">
        <Mark /> Ropewalk
      </h1>
      <div className="bar-actions">
        <button type="button" className="quiet" onClick={onNew}>
          New page
        </button>
        {session !== null && <CopyLink id={session.id} />}
      </div>
      {session !== null && (
        <div className="bar-people">
          <People awareness={session.awareness} />
          <Status provider={session.provider} />
        </div>
      )}
      {session !== null && <Notices provider={session.provider} />}
    </header>
  )
}

function CopyLink({ id }: { id: string }) {
  const [copied, setCopied] = useState(false)
  const copy = async (): Promise<void> => {
    await navigator.clipboard.writeText(linkTo(id))
    setCopied(true)
    setTimeout(() => setCopied(false), 2_000)
  }
  return (
    <button type="button" className="quiet" onClick={() => void copy()}>
      <span aria-live="polite">{copied ? 'Link copied' : 'Copy link'}</span>
    </button>
  )
}

/** Two strands. */
const Mark = () => (
  <svg viewBox="0 0 32 32" width="22" height="22" aria-hidden="true">
    <g fill="none" stroke="currentColor" strokeWidth="3.5" strokeLinecap="round">
      <path d="M5 22c6 0 6-12 11-12s5 12 11 12" />
      <path d="M5 10c6 0 6 12 11 12s5-12 11-12" opacity=".5" />
    </g>
  </svg>
)
