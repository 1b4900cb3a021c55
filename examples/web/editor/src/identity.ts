// Who this tab is to the server. One that runs for development gives a token to whoever asks; one that
// asks for nothing lets everybody in. A real application signs its users in instead.
import type { Person } from './people'

/** The same in all connections of this tab. */
function userId(): string {
  const known = sessionStorage.getItem('user')
  if (known !== null) return known
  const made = `guest-${crypto.getRandomValues(new Uint32Array(1))[0]!.toString(36)}`
  sessionStorage.setItem('user', made)
  return made
}

export async function tokenFor({ name }: Person): Promise<string | undefined> {
  const answer = await fetch('api/dev/token', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ user: userId(), name })
  })
  // There is no such issuer: the server lets everybody in, or knows other ways.
  if (answer.status === 404 || answer.status === 405) return undefined
  if (!answer.ok) throw new Error(`the server gave no token: ${answer.status}`)
  const { token } = (await answer.json()) as { token: string }
  return token
}
