// Files of the Origin Private File System, opened for themselves: at once in a worker, through a small
// worker of their own elsewhere.
import { failure } from './module.js'

type Soon<T> = T | Promise<T>

/** An open file. Nobody else opens it meanwhile. */
export interface Access {
  size(): Soon<number>
  read(offset: number, size: number): Soon<Uint8Array>
  readNow?(offset: number, size: number): Uint8Array
  /** All of it. */
  write(offset: number, bytes: Uint8Array): Soon<void>
  cut(size: number): Soon<void>
  flush(): Soon<void>
  close(): Soon<void>
}

/** What a worker has of such a file. */
interface SyncHandle {
  getSize(): number
  read(into: Uint8Array, options: { at: number }): number
  write(bytes: Uint8Array, options: { at: number }): number
  truncate(size: number): void
  flush(): void
  close(): void
}
interface WithSyncHandles extends FileSystemFileHandle {
  createSyncAccessHandle(): Promise<SyncHandle>
}

/** What the platform says, as an error with a code of ours. */
export const explained = (error: unknown): Error => {
  const { name, message } = error as Error
  const say = (code: Parameters<typeof failure>[0], text: string): Error => {
    const told = failure(code, 0, text)
    told.cause = error
    return told
  }
  if (name === 'NoModificationAllowedError' || name === 'InUseError') return say('in_use', 'another tab or worker has this document open for writing; close it there')
  if (name === 'QuotaExceededError') return say('no_space', `there is no room left: ${message}`)
  if (name === 'NotFoundError') return say('not_found', message)
  if (name === 'SecurityError' || name === 'NotAllowedError') return say('not_permitted', message)
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error : say('io_failed', `${name}: ${message}`)
}

export const awaited = async <T>(call: () => Soon<T>): Promise<T> => {
  try {
    return await call()
  } catch (error) {
    throw explained(error)
  }
}

export const openAccess = (handle: FileSystemFileHandle): Promise<Access> =>
  awaited(async () => {
    const own = handle as WithSyncHandles
    if (typeof own.createSyncAccessHandle === 'function') return new HandleAccess(await own.createSyncAccessHandle())
    return WorkerAccess.open(handle)
  })

const incomplete = (written: number, of: number): Error => failure('no_space', 0, `${written} of ${of} bytes were written: there is no room left`)

class HandleAccess implements Access {
  constructor(private readonly handle: SyncHandle) {}
  size(): number {
    return this.handle.getSize()
  }
  readNow(offset: number, size: number): Uint8Array {
    const bytes = new Uint8Array(size)
    return bytes.subarray(0, this.handle.read(bytes, { at: offset }))
  }
  read(offset: number, size: number): Uint8Array {
    return this.readNow(offset, size)
  }
  write(offset: number, bytes: Uint8Array): void {
    const written = this.handle.write(bytes, { at: offset })
    if (written < bytes.length) throw incomplete(written, bytes.length)
  }
  cut(size: number): void {
    this.handle.truncate(size)
  }
  flush(): void {
    this.handle.flush()
  }
  close(): void {
    this.handle.close()
  }
}

// What the worker does, as the text of a script: it uses nothing from here.
const work = (): void => {
  let handle: any
  const self = globalThis as any
  self.onmessage = async ({ data: { id, call, args } }: any) => {
    try {
      let result: unknown = null
      if (call === 'open') handle = await args[0].createSyncAccessHandle()
      else if (call === 'read') {
        const bytes = new Uint8Array(args[1])
        result = bytes.subarray(0, handle.read(bytes, { at: args[0] }))
      } else if (call === 'write') result = handle.write(args[1], { at: args[0] })
      else result = handle[call](...args) ?? null
      self.postMessage({ id, result })
    } catch (error: any) {
      self.postMessage({ id, error: { name: error.name, message: error.message } })
    }
  }
}

class WorkerAccess implements Access {
  #next = 1
  #waiting = new Map<number, { done: (result: any) => void; failed: (error: unknown) => void }>()

  private constructor(private readonly worker: Worker) {
    worker.onmessage = ({ data: { id, result, error } }) => {
      const waiting = this.#waiting.get(id)
      this.#waiting.delete(id)
      if (error === undefined) waiting?.done(result)
      else waiting?.failed(Object.assign(new Error(error.message), { name: error.name }))
    }
    worker.onerror = (event) => {
      event.preventDefault()
      const why = failure('not_permitted', 0, `the worker that writes files did not start (a content policy needs worker-src blob:, or open it in a worker): ${event.message ?? ''}`)
      for (const { failed } of this.#waiting.values()) failed(why)
      this.#waiting.clear()
    }
  }

  static async open(handle: FileSystemFileHandle): Promise<WorkerAccess> {
    const url = URL.createObjectURL(new Blob([`(${work.toString()})()`], { type: 'text/javascript' }))
    const access = new WorkerAccess(new Worker(url))
    try {
      await access.#call('open', handle)
      return access
    } catch (error) {
      access.worker.terminate()
      throw error
    } finally {
      URL.revokeObjectURL(url)
    }
  }

  size(): Promise<number> {
    return this.#call('getSize')
  }
  read(offset: number, size: number): Promise<Uint8Array> {
    return this.#call('read', offset, size)
  }
  async write(offset: number, bytes: Uint8Array): Promise<void> {
    const written = await this.#call<number>('write', offset, bytes)
    if (written < bytes.length) throw incomplete(written, bytes.length)
  }
  cut(size: number): Promise<void> {
    return this.#call('truncate', size)
  }
  flush(): Promise<void> {
    return this.#call('flush')
  }
  async close(): Promise<void> {
    await this.#call('close')
    this.worker.terminate()
  }

  #call<T>(call: string, ...args: unknown[]): Promise<T> {
    const id = this.#next++
    return new Promise((done, failed) => {
      this.#waiting.set(id, { done, failed })
      this.worker.postMessage({ id, call, args })
    })
  }
}
