// A document before the first connection: where messages are short, as behind Amazon API Gateway, a large
// one comes quicker by its address, and what was written since through the connection.
import type { GetToken } from './line.js'
import type { Epoch } from './storage.js'

export interface FetchedSnapshot {
  /** What the server had. */
  update: Uint8Array
  /** To which epoch of the document that belongs. */
  epoch: Epoch
}

/** Null: there is none, and all comes through the connection. */
export type FetchSnapshot = (room: string) => Promise<FetchedSnapshot | null>

export interface SnapshotOptions {
  getToken?: GetToken
  fetch?: typeof fetch
  /** Milliseconds for each of the two requests (default: 60,000). */
  timeout?: number
}

/** From the HTTP API of ropewalk's functions on AWS: `snapshotFrom('https://example.org/api', { getToken })`. */
export function snapshotFrom(
  api: string,
  { getToken, fetch = globalThis.fetch, timeout = 60_000 }: SnapshotOptions = {}
): FetchSnapshot {
  const get = async (url: string, headers: Record<string, string>): Promise<Response | null> => {
    const answer = await fetch(url, { headers, signal: AbortSignal.timeout(timeout) })
    if (answer.status === 404) return null
    if (!answer.ok) throw new Error(`${new URL(url).pathname}: ${answer.status} ${answer.statusText}`.trim())
    return answer
  }
  return async (room) => {
    const token = await getToken?.()
    const name = encodeURIComponent(room)
    const answer = await get(
      `${api.replace(/\/+$/, '')}/documents/${name}/snapshot`,
      token === undefined ? {} : { authorization: `Bearer ${token}` }
    )
    if (answer === null) return null
    const { url, update, epoch } = await answer.json()
    if (update !== undefined) return { update: Uint8Array.from(atob(update), (char) => char.charCodeAt(0)), epoch }
    // Its address is its permission.
    const content = await get(url, {})
    return content && { update: new Uint8Array(await content.arrayBuffer()), epoch }
  }
}
