// The engine's copy of the stacks of an undo manager. A program may do with its arrays what it
// likes: before the engine works with its own, they are made the same.
import { ByteReader, type ByteWriter, put } from '../engine/any.js'
import { check } from '../engine/errors.js'
import { engine, made } from '../engine/wasm.js'
import { readDeleteSet, type DeleteSet } from '../structs/DeleteSet.js'
import type { StackHolder, StackItem } from './StackItem.js'

export const UNDO = 0
export const REDO = 1
export type Which = typeof UNDO | typeof REDO

const putIds = (to: ByteWriter, ids: DeleteSet): void => {
  for (const [client, ranges] of ids.clients) {
    for (const { clock, len } of ranges) to.uint(client).uint(clock).uint(len)
  }
}

export class EngineStacks implements StackHolder {
  readonly #at: number
  /** The items that the engine has, oldest first. */
  #items: [StackItem[], StackItem[]] = [[], []]
  #rewritten = false

  /** `at`: address of the manager in the engine. */
  constructor(at: number) {
    this.#at = at
  }

  _read(item: StackItem, deleted: boolean): DeleteSet | null {
    for (const which of [UNDO, REDO] as const) {
      const index = this.#items[which].lastIndexOf(item)
      if (index < 0) continue
      check(engine.rw_undo_ids(this.#at, which, index, deleted ? 1 : 0))
      return readDeleteSet(new ByteReader())
    }
    return null
  }
  _rewritten(): void {
    this.#rewritten = true
  }

  /** Whether the oldest change that waits was in scope. */
  get holds(): boolean {
    return engine.rw_undo_holds(this.#at) === 1
  }
  /** It becomes `item` of a stack, or part of it. False: memory is exhausted. */
  take(which: Which, item: StackItem, join: boolean): boolean {
    if (engine.rw_undo_take(this.#at, which, join ? 1 : 0) === 0) return false
    if (join) {
      item._grown()
    } else {
      this.#items[which].push(item)
      item._holder = this
    }
    return true
  }
  drop(): void {
    engine.rw_undo_drop(this.#at)
  }

  /** Undoes the newest item. Whether that has changed anything. */
  pop(which: Which): boolean {
    const item = this.#items[which].at(-1)!
    item._keep()
    const code = engine.rw_undo_pop(this.#at, which)
    const changed = made() === 1
    // Out of memory: a part may be undone, and it can be asked for again.
    check(code)
    this.#items[which].pop()
    item._holder = null
    return changed
  }

  clear(which: Which): void {
    for (const item of this.#items[which]) {
      item._keep()
      item._holder = null
    }
    this.#items[which] = []
    engine.rw_undo_clear(this.#at, which)
  }

  /** Makes the engine's stack the same as a program's; the quick look finds pushes and pops. */
  match(which: Which, wanted: readonly StackItem[], quick: boolean): void {
    const known = this.#items[which]
    const same =
      !this.#rewritten && known.length === wanted.length && known.at(-1) === wanted.at(-1) &&
      (quick || known.every((item, index) => item === wanted[index]))
    if (same) return
    this.#rewritten = false
    wanted.forEach((item) => item._keep())
    this.clear(which)
    for (const item of wanted) {
      let inserted = 0
      const size = put((to) => {
        putIds(to, item.insertions)
        inserted = to.size
        putIds(to, item.deletions)
      })
      check(engine.rw_undo_push(this.#at, which, inserted, size))
      this.#items[which].push(item)
      item._holder = this
    }
  }
}
