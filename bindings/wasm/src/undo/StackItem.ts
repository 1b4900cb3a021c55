// What one undo() or redo() takes back.
import type { DeleteSet } from '../structs/DeleteSet.js'

/** Where the sets of an item are as long as nobody has asked for them: on a stack in the engine. */
export interface StackHolder {
  _read(item: StackItem, deleted: boolean): DeleteSet | null
  /** A program has given the item other sets. */
  _rewritten(item: StackItem): void
}

export class StackItem {
  /** For the program: such as where the caret was. */
  meta = new Map<any, any>()
  _holder: StackHolder | null = null
  #deletions: DeleteSet | null
  #insertions: DeleteSet | null

  constructor(deletions: DeleteSet | null, insertions: DeleteSet | null) {
    this.#deletions = deletions
    this.#insertions = insertions
  }

  /** What was inserted, and goes when this is undone. */
  get insertions(): DeleteSet {
    return (this.#insertions ??= this._holder!._read(this, false)!)
  }
  set insertions(set: DeleteSet) {
    this._keep()
    this.#insertions = set
    this._holder?._rewritten(this)
  }
  /** What was deleted, and comes back when this is undone. */
  get deletions(): DeleteSet {
    return (this.#deletions ??= this._holder!._read(this, true)!)
  }
  set deletions(set: DeleteSet) {
    this._keep()
    this.#deletions = set
    this._holder?._rewritten(this)
  }

  /** It is about to leave the engine's stack. */
  _keep(): void {
    void this.insertions
    void this.deletions
  }
  /** A later change has become part of it. */
  _grown(): void {
    this.#insertions = this.#deletions = null
  }
}
