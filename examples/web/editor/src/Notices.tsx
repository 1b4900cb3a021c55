import { useEffect, useState } from 'react'
import type { WebsocketProvider } from 'yjs/provider'

interface Notice {
  id: number
  text: string
}

const shownFor = 4_000
const verbs: Record<string, string> = { 'user-joined': 'has come', 'user-left': 'has left' }

/** Who comes and who goes, as the server tells it: each for a moment, in a corner. */
export function Notices({ provider }: { provider: WebsocketProvider }) {
  const [notices, setNotices] = useState<Notice[]>([])
  useEffect(() => {
    let count = 0
    const timers = new Set<ReturnType<typeof setTimeout>>()
    const hear = (event: { type: string; user?: { name?: string } }): void => {
      const verb = verbs[event.type]
      if (verb === undefined || event.user?.name === undefined) return
      const id = ++count
      setNotices((notices) => [...notices.slice(-2), { id, text: `${event.user!.name} ${verb}` }])
      const timer = setTimeout(() => {
        timers.delete(timer)
        setNotices((notices) => notices.filter((notice) => notice.id !== id))
      }, shownFor)
      timers.add(timer)
    }
    provider.on('event', hear)
    return () => {
      provider.off('event', hear)
      timers.forEach(clearTimeout)
      setNotices([])
    }
  }, [provider])
  return (
    <ul className="notices" aria-live="polite" aria-label="Who comes and goes">
      {notices.map(({ id, text }) => (
        <li key={id}>{text}</li>
      ))}
    </ul>
  )
}
