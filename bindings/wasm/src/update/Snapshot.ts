import { DeleteSet } from '../structs/DeleteSet.js'
export class Snapshot {
  constructor(readonly ds: DeleteSet, readonly sv: Map<number, number>) {}
}
