// The operation log alone, which is faster than `Doc`, which also keeps the text. What it costs to
// make the text is part of reading it, not of replaying: in its favour.
import DiamondTypesNode from 'diamond-types-node'

const { OpLog } = DiamondTypesNode

export class DiamondTypes {
  replayOne(edits) {
    const log = new OpLog('writer')
    for (const { position, deleted, inserted } of edits) {
      if (deleted) log.del(position, deleted)
      if (inserted) log.ins(position, inserted)
    }
    return log
  }

  // No subscription: what is newer than the version before is asked for.
  replayEach(edits, listener) {
    const log = new OpLog('writer')
    for (const { position, deleted, inserted } of edits) {
      const before = log.getLocalVersion()
      if (deleted) log.del(position, deleted)
      if (inserted) log.ins(position, inserted)
      listener(log.getPatchSince(before))
    }
    return log
  }

  applyUpdates(updates) {
    const log = new OpLog('reader')
    for (const update of updates) log.addFromBytes(update)
    return log
  }

  encode(log) {
    return log.toBytes()
  }

  open(stored) {
    return OpLog.fromBytes(stored, 'reader')
  }

  text(log) {
    return log.checkout().get()
  }
}
