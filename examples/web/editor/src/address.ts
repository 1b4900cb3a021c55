// Which document: its name stands behind the # of the address, so that a link is all it takes to share it.
import { useSyncExternalStore } from 'react'

const letters = 'abcdefghjkmnpqrstuvwxyz23456789'

const random = (length: number): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(length)), (byte) => letters[byte % letters.length]).join('')

export const newDocument = (): string => `page-${random(10)}`

export const linkTo = (id: string): string => new URL(`#${encodeURIComponent(id)}`, location.href).href

const read = (): string => {
  try {
    return decodeURIComponent(location.hash.slice(1))
  } catch {
    return ''
  }
}

function subscribe(told: () => void): () => void {
  addEventListener('hashchange', told)
  return () => removeEventListener('hashchange', told)
}

/** The document of the address; one without a name gets a new one. */
export function useDocumentId(): string {
  const id = useSyncExternalStore(subscribe, read)
  if (id !== '') return id
  const made = newDocument()
  history.replaceState(null, '', linkTo(made))
  return made
}
