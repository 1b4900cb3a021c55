// What can go from one engine to the other: functions of bytes, and plain data both ways.
import * as Ropewalk from 'yjs'
import * as Yjs from 'yjs-itself'

type Plain = Pick<
  typeof Yjs,
  | 'mergeUpdates'
  | 'diffUpdate'
  | 'convertUpdateFormatV1ToV2'
  | 'convertUpdateFormatV2ToV1'
  | 'encodeStateVectorFromUpdate'
  | 'parseUpdateMeta'
  | 'obfuscateUpdate'
  | 'decodeStateVector'
  | 'createID'
  | 'compareIDs'
  | 'relativePositionToJSON'
  | 'encodeRelativePosition'
  | 'compareRelativePositions'
  | 'logUpdate'
>
export const ours: Plain = Ropewalk

// Data that travels.
export const id: Yjs.ID = new Ropewalk.ID(1, 2)
export const otherId: Ropewalk.ID = new Yjs.ID(1, 2)
export const position: Yjs.RelativePosition = new Ropewalk.RelativePosition(null, 't', null)
export const otherPosition: Ropewalk.RelativePosition = new Yjs.RelativePosition(null, 't', null)
export const snapshot: Yjs.Snapshot = Ropewalk.emptySnapshot
export const otherSnapshot: Ropewalk.Snapshot = Yjs.emptySnapshot

// Names, both of values and of what instances have. Internals are not declared.
type None<Missing extends never> = Missing
type Lacks<Theirs, Ours> = Exclude<keyof Theirs, keyof Ours | `_${string}`>
export type Names = None<Lacks<typeof Yjs, typeof Ropewalk>>
type Constructors = { [Name in keyof typeof Yjs]: (typeof Yjs)[Name] extends abstract new (...args: never) => unknown ? Name : never }[keyof typeof Yjs]
export type Members = None<
  { [Name in Constructors]: Lacks<(typeof Yjs)[Name]['prototype'], (typeof Ropewalk)[Name]['prototype']> }[Constructors]
>

// Options that the constructors take.
type Options<T extends abstract new (...args: never) => unknown, At extends 0 | 1> = Required<NonNullable<ConstructorParameters<T>[At]>>
export type DocOptions = None<Lacks<Options<typeof Yjs.Doc, 0>, Options<typeof Ropewalk.Doc, 0>>>
export type UndoOptions = None<Lacks<Options<typeof Yjs.UndoManager, 1>, Options<typeof Ropewalk.UndoManager, 1>>>
