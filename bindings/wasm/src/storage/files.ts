// Files in Node, as docs/formats/log.md has them: locked, synced, replaced by renaming. C++ and Python
// keep the same files.
import { failure } from './module.js'
import type { ByteStore, Place, StoreOptions } from './store.js'

interface NodeError {
  code?: string
  errno?: number
}
type Fs = any

const builtin = (name: string): any => {
  // Bundlers for browsers would trip over an import of it.
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): any } }
  const found = process?.getBuiltinModule?.(name)
  if (found === undefined) throw failure('not_permitted', 0, `there are no files here: ${name} is Node's; open opfs() or indexedDb()`)
  return found
}

/** A file of the system, by its path. */
export const file = (path: string): Place => ({ name: path, openStore: (options) => FileStore.open(path, options) })

// What the system says, as errors with a code of ours.
const codes: Record<string, Parameters<typeof failure>[0]> = {
  ENOENT: 'not_found',
  ENOTDIR: 'not_found',
  EACCES: 'not_permitted',
  EPERM: 'not_permitted',
  EROFS: 'not_permitted',
  EISDIR: 'not_permitted',
  ENOSPC: 'no_space',
  EDQUOT: 'no_space',
  EFBIG: 'no_space',
  EEXIST: 'in_use'
}
const explained = <T>(call: () => T): T => {
  try {
    return call()
  } catch (error) {
    const { code = '', errno = 0 } = error as NodeError
    if (code === '') throw error
    const told = failure(codes[code] ?? 'io_failed', Math.abs(errno), `${(error as Error).message}`)
    told.cause = error
    throw told
  }
}

export class FileStore implements ByteStore {
  readonly #fs: Fs = builtin('node:fs')
  #fd: number | null
  #size = 0

  private constructor(
    private readonly path: string,
    fd: number | null
  ) {
    this.#fd = fd
    if (fd !== null) this.#size = this.#fs.fstatSync(fd).size
  }

  static async open(path: string, { readOnly, create }: StoreOptions): Promise<FileStore | null> {
    const fs: Fs = builtin('node:fs')
    for (;;) {
      let fd: number
      try {
        fd = fs.openSync(path, readOnly ? 'r' : 'r+')
      } catch (error) {
        const absent = (error as NodeError).code === 'ENOENT'
        if (absent && !create) return null
        if (absent && !readOnly) return new FileStore(path, null)
        return explained(() => {
          throw error
        })
      }
      try {
        if (!readOnly) {
          lock(fd)
          // Between the two another writer may have put a new file in its place and closed.
          if (!isAt(fs, fd, path)) {
            fs.closeSync(fd)
            continue
          }
          fs.rmSync(`${path}.new`, { force: true })
        }
        return new FileStore(path, fd)
      } catch (error) {
        fs.closeSync(fd)
        throw error
      }
    }
  }

  size(): number {
    return this.#size
  }
  readNow(offset: number, size: number): Uint8Array {
    return explained(() => {
      const bytes = new Uint8Array(size)
      let done = 0
      while (done < size) {
        const count = this.#fs.readSync(this.#open(), bytes, done, size - done, offset + done)
        if (count === 0) break
        done += count
      }
      return bytes.subarray(0, done)
    })
  }
  read(offset: number, size: number): Uint8Array {
    return this.readNow(offset, size)
  }
  append(bytes: Uint8Array): void {
    explained(() => {
      try {
        this.#write(this.#open(), bytes, this.#size)
      } catch (error) {
        // What did not fit goes. Where even that fails, whoever reads the file finds a tail.
        this.#fs.ftruncateSync(this.#open(), this.#size)
        throw error
      }
      this.#size += bytes.length
    })
  }
  overwrite(offset: number, bytes: Uint8Array): void {
    explained(() => this.#write(this.#open(), bytes, offset))
  }
  cut(size: number): void {
    explained(() => this.#fs.ftruncateSync(this.#open(), size))
    this.#size = size
  }
  /** Off the thread: the disk takes its time. */
  async sync(): Promise<void> {
    const fd = this.#open()
    await new Promise<void>((done, failed) =>
      this.#fs.fdatasync(fd, (error: Error | null) => (error === null ? done() : failed(error)))
    ).catch((error) => explained(() => {
      throw error
    }))
  }
  swap(bytes: Uint8Array): void {
    const { path } = this
    const fs = this.#fs
    const beside = `${path}.new`
    explained(() => {
      fs.rmSync(beside, { force: true })
      const fd = fs.openSync(beside, 'wx+', 0o666)
      try {
        lock(fd)
        this.#write(fd, bytes, 0)
        fs.fsyncSync(fd)
        if (this.#fd === null) {
          // A link never replaces a file that somebody else has just created; a rename would, and is
          // for file systems without links.
          this.#link(beside, path, true)
          fs.rmSync(beside, { force: true })
        } else {
          fs.rmSync(`${path}.previous`, { force: true })
          this.#link(path, `${path}.previous`, false)
          fs.renameSync(beside, path)
        }
      } catch (error) {
        fs.closeSync(fd)
        fs.rmSync(beside, { force: true })
        throw error
      }
      if (this.#fd !== null) fs.closeSync(this.#fd)
      this.#fd = fd
      this.#size = bytes.length
    })
    try {
      this.#syncFolder()
    } catch (error) {
      // After a loss of power either of the two may be there.
      throw Object.assign(failure('store_failed'), { cause: error })
    }
  }
  async setAside(bytes: Uint8Array): Promise<string> {
    return explained(() => {
      for (let number = 1; ; number++) {
        const path = `${this.path}.damaged-${number}`
        try {
          const fd = this.#fs.openSync(path, 'wx')
          try {
            this.#write(fd, bytes, 0)
            this.#fs.fsyncSync(fd)
          } finally {
            this.#fs.closeSync(fd)
          }
          this.#syncFolder()
          return path
        } catch (error) {
          if ((error as NodeError).code !== 'EEXIST') throw error
        }
      }
    })
  }
  previous(): Promise<ByteStore | null> {
    return FileStore.open(`${this.path}.previous`, { readOnly: true, create: false, durability: 'kill' })
  }
  close(): void {
    if (this.#fd === null) return
    const fd = this.#fd
    this.#fd = null
    explained(() => this.#fs.closeSync(fd))
  }

  #open(): number {
    if (this.#fd === null) throw failure('invalid_argument', 0, 'the file is closed: open it again')
    return this.#fd
  }
  #write(fd: number, bytes: Uint8Array, at: number): void {
    for (let done = 0; done < bytes.length; ) {
      done += this.#fs.writeSync(fd, bytes, done, bytes.length - done, at + done)
    }
  }
  #link(from: string, to: string, orRename: boolean): void {
    try {
      this.#fs.linkSync(from, to)
    } catch (error) {
      const { code = '' } = error as NodeError
      if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(code)) throw error
      if (orRename) this.#fs.renameSync(from, to)
    }
  }
  // The names in it are durable.
  #syncFolder(): void {
    const folder = builtin('node:path').dirname(builtin('node:path').resolve(this.path))
    let fd: number
    try {
      fd = this.#fs.openSync(folder, 'r')
    } catch {
      return // a system that opens no folders
    }
    try {
      this.#fs.fsyncSync(fd)
    } finally {
      this.#fs.closeSync(fd)
    }
  }
}

const isAt = (fs: Fs, fd: number, path: string): boolean => {
  const found = fs.statSync(path, { throwIfNoEntry: false })
  const { ino, dev } = fs.fstatSync(fd)
  return found?.ino === ino && found?.dev === dev
}

// Node has no flock(). A program that gets the descriptor locks the same open file, and the lock stays
// when that program ends.
const lockers: readonly (readonly [string, readonly string[]])[] = [
  ['flock', ['-n', '-x', '3']],
  ['perl', ['-e', 'open(F, "+<&=", 3) or exit 2; exit(flock(F, 6) ? 0 : 1)']]
]

const lock = (fd: number): void => {
  const { spawnSync } = builtin('node:child_process')
  for (const [program, options] of lockers) {
    const { status, error } = spawnSync(program, options, { stdio: ['ignore', 'ignore', 'ignore', fd] })
    if (error !== undefined || status === 2) continue
    if (status === 0) return
    throw failure('in_use')
  }
  throw failure('not_permitted', 0, 'the file cannot be locked: this needs the program `flock` or `perl`; open it with readOnly')
}
