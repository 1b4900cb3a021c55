// Bytes to be read that are elsewhere: behind HTTP, or in a file that somebody has picked.
import { failure } from './module.js'
import type { ByteStore, Place } from './store.js'

/** A document behind HTTP, read by ranges. */
export const http = (url: string | URL, init: RequestInit = {}): Place => ({
  name: String(url),
  openStore: () => HttpStore.open(String(url), init)
})

class HttpStore implements ByteStore {
  private constructor(
    private readonly url: string,
    private readonly init: RequestInit,
    private readonly whole: number,
    private readonly tag: string | null
  ) {}

  static async open(url: string, init: RequestInit): Promise<HttpStore | null> {
    const response = await ask(url, init, 0, 1)
    await response.body?.cancel()
    if (response.status === 404) return null
    const size = Number(response.headers.get('content-range')?.split('/')[1])
    if (response.status !== 206 || !Number.isSafeInteger(size)) {
      throw failure('io_failed', response.status, `${url} answered ${response.status}: it has to know ranges (206)`)
    }
    return new HttpStore(url, init, size, response.headers.get('etag'))
  }

  size(): number {
    return this.whole
  }
  async read(offset: number, size: number): Promise<Uint8Array> {
    const response = await ask(this.url, this.init, offset, size)
    const isOther = (response.headers.get('etag') ?? this.tag) !== this.tag
    if (response.status !== 206 || isOther) {
      await response.body?.cancel()
      const why = isOther ? 'it was replaced meanwhile: open it again' : `answered ${response.status}`
      throw failure('io_failed', response.status, `${this.url}: ${why}`)
    }
    return new Uint8Array(await response.arrayBuffer())
  }
}

const ask = (url: string, init: RequestInit, offset: number, size: number): Promise<Response> => {
  const headers = new Headers(init.headers)
  headers.set('range', `bytes=${offset}-${offset + size - 1}`)
  return fetch(url, { ...init, headers })
}

/** A file that somebody has picked. */
export class BlobStore implements ByteStore {
  constructor(private readonly blob: Blob) {}
  size(): number {
    return this.blob.size
  }
  async read(offset: number, size: number): Promise<Uint8Array> {
    return new Uint8Array(await this.blob.slice(offset, offset + size).arrayBuffer())
  }
}
