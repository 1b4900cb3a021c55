// Documents in the Origin Private File System. It renames nothing in one step everywhere, so that a new
// content is written twice: beside the file, and when that is safe, over it.
import { type Access, awaited, explained, openAccess } from './access.js'
import { lock, patiently } from './locks.js'
import { FIRST_RECORD, scan, type Scan } from './log.js'
import { failure, reading } from './module.js'
import { BlobStore } from './remote.js'
import type { ByteStore, Place, StoreOptions } from './store.js'

export interface OpfsOptions {
  /** Another folder than the root of the file system. */
  directory?: FileSystemDirectoryHandle
}

/** A file in the Origin Private File System, by its path there; folders are made. */
export const opfs = (path: string, { directory }: OpfsOptions = {}): Place => ({
  name: path,
  openStore: (options) => awaited(() => OpfsStore.open(path, directory, options))
})

const folderOf = async (path: string, root: FileSystemDirectoryHandle | undefined, create: boolean) => {
  if (root === undefined && globalThis.navigator?.storage?.getDirectory === undefined) {
    throw failure('not_permitted', 0, 'there is no Origin Private File System here: it needs a browser and a secure context')
  }
  let folder = root ?? (await navigator.storage.getDirectory())
  const names = path.split('/').filter((name) => name !== '' && name !== '.')
  const name = names.pop()
  if (name === undefined) throw failure('not_permitted', 0, 'the path names no file')
  for (const part of names) folder = await folder.getDirectoryHandle(part, { create })
  return { folder, name }
}

const pathOf = async (folder: FileSystemDirectoryHandle): Promise<string> => {
  const parts = await (await navigator.storage.getDirectory()).resolve(folder)
  return (parts ?? [folder.name]).map((part) => `${part}/`).join('')
}

const isAbsent = (error: unknown): boolean => (error as Error).name === 'NotFoundError'

const existing = async (folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle | null> => {
  try {
    return await folder.getFileHandle(name)
  } catch (error) {
    if (isAbsent(error)) return null
    throw error
  }
}

class OpfsStore implements ByteStore {
  readNow?: (offset: number, size: number) => Uint8Array
  #size = 0

  private constructor(
    private readonly folder: FileSystemDirectoryHandle,
    private readonly name: string,
    private readonly access: Access,
    private readonly release: () => void
  ) {
    if (access.readNow !== undefined) this.readNow = (offset, size) => access.readNow!(offset, size)
  }

  static async open(path: string, root: FileSystemDirectoryHandle | undefined, { readOnly, create }: StoreOptions): Promise<ByteStore | null> {
    let place
    try {
      place = await folderOf(path, root, create && !readOnly)
    } catch (error) {
      if (isAbsent(error)) return null
      throw error
    }
    const { folder, name } = place
    const found = await existing(folder, name)
    if (readOnly) {
      // One of the two is whole.
      const unfinished = await existing(folder, next(name))
      const [file, beside] = [await found?.getFile(), await unfinished?.getFile()]
      if (beside !== undefined && (file === undefined || isNewer(await whole(beside), await whole(file)))) return new ReadOnly(beside)
      return file === undefined || file.size === 0 ? null : new ReadOnly(file)
    }
    if (found === null && !create) return null
    // The file is locked by being open, and so is what a page has just left; this one tells who is there.
    const release = await lock(`ropewalk:opfs:${await pathOf(folder)}${name}`)
    let access: Access | null = null
    try {
      const handle = found ?? (await folder.getFileHandle(name, { create: true }))
      access = await patiently(release !== null, () => openAccess(handle))
      const store = new OpfsStore(folder, name, access, release ?? (() => {}))
      await store.#finish()
      store.#size = await access.size()
      return store
    } catch (error) {
      await access?.close()
      release?.()
      throw error
    }
  }

  size(): number {
    return this.#size
  }
  read(offset: number, size: number): Promise<Uint8Array> {
    return awaited(() => this.access.read(offset, size))
  }
  async append(bytes: Uint8Array): Promise<void> {
    try {
      await this.access.write(this.#size, bytes)
    } catch (error) {
      await this.access.cut(this.#size)
      throw explained(error)
    }
    this.#size += bytes.length
  }
  overwrite(offset: number, bytes: Uint8Array): Promise<void> {
    return awaited(() => this.access.write(offset, bytes))
  }
  async cut(size: number): Promise<void> {
    await awaited(() => this.access.cut(size))
    this.#size = size
  }
  sync(): Promise<void> {
    return awaited(() => this.access.flush())
  }
  swap(bytes: Uint8Array): Promise<void> {
    return awaited(async () => {
      await this.#beside(next(this.name), bytes)
      try {
        await this.#take(bytes)
      } catch (error) {
        // Half of it is written. The copy is whole: who opens the file again finishes this.
        throw Object.assign(failure('store_failed'), { cause: error })
      }
    })
  }
  setAside(bytes: Uint8Array): Promise<string> {
    return awaited(async () => {
      for (let number = 1; ; number++) {
        const name = `${this.name}.damaged-${number}`
        if ((await existing(this.folder, name)) !== null) continue
        await this.#beside(name, bytes)
        return name
      }
    })
  }
  close(): Promise<void> {
    return awaited(async () => {
      try {
        await this.access.close()
      } finally {
        this.release()
      }
    })
  }

  async #beside(name: string, bytes: Uint8Array): Promise<void> {
    const handle = await this.folder.getFileHandle(name, { create: true })
    const access = await patiently(true, () => openAccess(handle))
    try {
      await access.cut(0)
      await access.write(0, bytes)
      await access.flush()
    } catch (error) {
      await access.close()
      await this.folder.removeEntry(name).catch(() => {})
      throw error
    }
    await access.close()
  }
  // Writes over the file what is safe beside it: the head last, so that what is half written has none.
  async #take(bytes: Uint8Array): Promise<void> {
    const { access } = this
    await access.cut(0)
    await access.write(FIRST_RECORD, bytes.subarray(FIRST_RECORD))
    await access.flush()
    await access.write(0, bytes.subarray(0, FIRST_RECORD))
    await access.flush()
    this.#size = bytes.length
    await this.folder.removeEntry(next(this.name))
  }
  // What a replacement has left that was interrupted.
  async #finish(): Promise<void> {
    const handle = await existing(this.folder, next(this.name))
    if (handle === null) return
    const bytes = new Uint8Array(await (await handle.getFile()).arrayBuffer())
    const size = await this.access.size()
    const there = size === 0 ? null : scanOf(await this.access.read(0, size), false)
    if (isNewer(scanOf(bytes, true), there)) await this.#take(bytes)
    else await this.folder.removeEntry(next(this.name))
  }
}

const next = (name: string): string => `${name}.next`

const scanOf = (bytes: Uint8Array, containers: boolean): Scan | null => {
  try {
    return reading({ at: (offset, size) => bytes.subarray(offset, offset + size) }, () => scan(bytes.length, containers)) as Scan
  } catch {
    return null // nothing of ours, so far
  }
}
const whole = async (file: Blob): Promise<Scan | null> => scanOf(new Uint8Array(await file.arrayBuffer()), true)

// It was written to its end, and what stands in the place of the file is older or not whole. The same
// content again is of a removal that a loss of power has undone.
const isNewer = (beside: Scan | null, there: Scan | null): boolean => {
  if (beside === null || !beside.headFound || beside.snapshot === null || beside.findings.length > 0) return false
  return there === null || !there.headFound || there.snapshot === null || there.head.generation < beside.head.generation
}

class ReadOnly extends BlobStore {
  override read(offset: number, size: number): Promise<Uint8Array> {
    return awaited(() => super.read(offset, size))
  }
}
