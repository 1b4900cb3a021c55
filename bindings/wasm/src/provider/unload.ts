// A page that is closed with changes the server does not have asks whether that is meant.
import type { WebsocketProvider } from './WebsocketProvider.js'

/** Warns before the page is left as long as changes wait that only this browser has; returns what ends it. */
export function warnBeforeUnload(...providers: WebsocketProvider[]): () => void {
  const warn = (event: BeforeUnloadEvent): void => {
    if (providers.some(({ unsent }) => unsent > 0)) event.preventDefault()
  }
  addEventListener('beforeunload', warn)
  return () => removeEventListener('beforeunload', warn)
}
