import { useEffect, useState } from 'react'
import type { SyncState, WebsocketProvider } from 'yjs/provider'
import { useConnection } from 'yjs/react'

interface Told {
  label: string
  meaning: string
}

function describe(state: SyncState, unsent: number, error: string | undefined): Told {
  const changes = unsent === 1 ? '1 change' : `${unsent} changes`
  switch (state) {
    case 'synced':
      return { label: 'Synced', meaning: 'Everything you wrote is saved on the server, and everything it has is here.' }
    case 'syncing':
      return { label: 'Syncing', meaning: 'Connected. The latest changes are on their way and not confirmed as saved yet.' }
    case 'unsynced':
      return {
        label: 'Not saved',
        meaning: `Connected, but the server does not take your changes${error ? `: ${error}` : ''}. They are kept in this browser.`
      }
    case 'offline':
      return {
        label: unsent > 0 ? `Offline · ${changes}` : 'Offline',
        meaning:
          unsent > 0
            ? `Not connected. Keep writing: ${changes} wait in this browser and go out when the connection is back.`
            : 'Not connected. Keep writing: changes wait in this browser and go out when the connection is back.'
      }
  }
}

/** How what is here and what is on the server relate, and the switch between online and offline. */
export function Status({ provider }: { provider: WebsocketProvider }) {
  const { state: now, unsent = 0, lastError } = useConnection(provider)
  const state = useCalm(now as SyncState)
  const { label, meaning } = describe(state, unsent, lastError?.message)
  const [isOff, setOff] = useState(false)
  const toggle = (): void => {
    if (isOff) provider.connect()
    else provider.disconnect()
    setOff(!isOff)
  }
  return (
    <div className="status">
      <button type="button" className="pill" data-state={state} data-unsent={unsent} aria-describedby="meaning">
        <span className="dot" aria-hidden="true" />
        <span role="status">{label}</span>
      </button>
      <span className="meaning" id="meaning" role="tooltip">
        {meaning}
      </span>
      <button type="button" role="switch" aria-checked={isOff} className="switch" onClick={toggle}>
        <span className="track" aria-hidden="true" />
        Go offline
      </button>
    </div>
  )
}

/** Bad news at once; good news when it has lasted for a moment, so that typing does not flicker. */
function useCalm(state: SyncState): SyncState {
  const [shown, setShown] = useState(state)
  useEffect(() => {
    if (state !== 'synced') return setShown(state)
    const timer = setTimeout(() => setShown(state), 250)
    return () => clearTimeout(timer)
  }, [state])
  return state === 'synced' ? shown : state
}
