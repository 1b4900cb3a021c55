// What is done with the recording. `prepare` is not timed; it gives
//   setUp()         makes what one run needs, not timed either
//   run(needed)     is timed
//   check(result)   whether that was right
import { keystrokeUpdates, storedDocument } from './kept.mjs'

const nothing = () => undefined

export const kWorkloads = {
  replay_one: (contestant, { edits, end }) => ({
    setUp: nothing,
    run: () => contestant.replayOne(edits),
    check: document => contestant.text(document) === end,
  }),

  // The listener looks at what it is handed, so that it must be there.
  replay_txn: (contestant, { edits, end }) => ({
    setUp: nothing,
    run: () => {
      let bytes = 0
      const document = contestant.replayEach(edits, update => {
        bytes += update.length
      })
      return { document, bytes }
    },
    check: ({ document, bytes }) => bytes > edits.length && contestant.text(document) === end,
  }),

  update_make: (contestant, { edits, end }) => ({
    setUp: nothing,
    run: () => {
      const updates = []
      const document = contestant.replayEach(edits, update => {
        updates.push(update)
      })
      return { document, updates }
    },
    check: ({ document, updates }) =>
      updates.length === edits.length && contestant.text(document) === end,
  }),

  update_apply: async (contestant, recording, folder) => {
    const updates = await keystrokeUpdates(folder, contestant, recording)
    return {
      setUp: nothing,
      run: () => contestant.applyUpdates(updates),
      check: document => contestant.text(document) === recording.end,
    }
  },

  load: async (contestant, recording, folder) => {
    const stored = await storedDocument(folder, contestant, recording)
    return {
      setUp: nothing,
      run: () => contestant.text(contestant.open(stored)),
      check: text => text === recording.end,
    }
  },

  // Each run encodes a document that was not encoded before.
  encode: async (contestant, recording, folder) => {
    const stored = contestant.opensToEncode
      ? await storedDocument(folder, contestant, recording)
      : undefined
    return {
      setUp: () => (stored ? contestant.open(stored) : contestant.replayOne(recording.edits)),
      run: document => contestant.encode(document),
      check: bytes => contestant.text(contestant.open(bytes)) === recording.end,
    }
  },

  merge: async (contestant, recording, folder) => {
    const updates = await keystrokeUpdates(folder, contestant, recording)
    return {
      setUp: nothing,
      run: () => contestant.mergeUpdates(updates),
      check: bytes => contestant.text(contestant.open(bytes)) === recording.end,
    }
  },
}
