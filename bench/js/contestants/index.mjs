// The CRDTs that JavaScript has, behind one face, each used as its own documentation says, in the
// fastest way that it names. All loops over keystrokes are written out in each class, so that
// nothing but the library's own calls stands between the keystroke and the engine.
//
//   replayOne(edits)         a new document that was edited in one transaction
//   replayEach(edits, listener)
//                            the same in one transaction for each keystroke; the listener is handed
//                            the bytes to be sent, by the library's own subscription if it has one
//   applyUpdates(updates)    a new document to which each was applied by itself
//   encode(document)         everything, history included, as bytes
//   open(stored)             a new document from such bytes
//   text(document)
//   mergeUpdates(updates)    without a document; only where the library can
import { ropewalkEntry } from '../ropewalk.mjs'

const yjsLike = async entry =>
  new (await import('./yjs_like.mjs')).YjsLike(await import(entry))

// Modules are loaded by the process that measures them, and by no other.
// `format`: whose documents and updates it reads; they are made by the contestant of that name.
// `opensToEncode`: its replay of the whole takes so long that what it encodes was opened.
const kContestants = {
  ropewalk: { format: 'yjs', make: () => yjsLike(ropewalkEntry()) },
  yjs: { format: 'yjs', make: () => yjsLike('yjs') },
  ywasm: {
    format: 'yjs',
    opensToEncode: true,
    make: async () => new (await import('./ywasm.mjs')).Ywasm(),
  },
  loro: {
    format: 'loro',
    make: async () => new (await import('./loro.mjs')).Loro('update'),
  },
  'loro (lazy)': {
    format: 'loro (lazy)',
    make: async () => new (await import('./loro.mjs')).Loro('snapshot'),
  },
  automerge: {
    format: 'automerge',
    opensToEncode: true,
    make: async () => new (await import('./automerge.mjs')).Automerge(),
  },
  'diamond-types': {
    format: 'diamond-types',
    make: async () => new (await import('./diamond_types.mjs')).DiamondTypes(),
  },
  'json-joy': {
    format: 'json-joy',
    make: async () => new (await import('./json_joy.mjs')).JsonJoy(),
  },
}

export const kOurs = 'ropewalk'
// Its snapshots hold the text ready beside the history and leave the latter unread: told apart.
export const kLazy = 'loro (lazy)'
export const kPeers = Object.keys(kContestants).filter(name => name !== kOurs && name !== kLazy)

export async function makeContestant(name) {
  const { format, opensToEncode = false, make } = kContestants[name]
  return Object.assign(await make(), { name, format, opensToEncode })
}
