// Which class stands for which kind of shared type.
import type { UpdateDecoder } from '../update/decoders.js'
import { invalid } from '../update/input.js'
import type { AbstractType } from './AbstractType.js'

/** As crdt::ValueKind. */
export const Kind = {
  undefined: 0,
  text: 3,
  array: 4,
  map: 5,
  xmlElement: 6,
  xmlFragment: 7,
  xmlHook: 8,
  xmlText: 9
} as const

type TypeClass = new (...args: any[]) => AbstractType<any>

const classes: TypeClass[] = []

/** Each class says so itself where it is defined. */
export const register = (kind: number, made: TypeClass): void => {
  classes[kind] = made
}
export const classOf = (kind: number): TypeClass => classes[kind]
/** Of a class or of one derived from it. */
export const kindOf = (made: unknown): number => {
  const exact = classes.findIndex((known) => known === made)
  if (exact >= 0) return exact
  return classes.findLastIndex((known) => known !== undefined && (made as TypeClass).prototype instanceof known)
}

// By the number that updates have for it.
const refs: readonly number[] = [
  Kind.array,
  Kind.map,
  Kind.text,
  Kind.xmlElement,
  Kind.xmlFragment,
  Kind.xmlHook,
  Kind.xmlText
]
/** The number of a kind in updates. */
export const refOf = (kind: number): number => refs.indexOf(kind)
/** Whether updates name it: an element or a hook. */
export const isNamed = (kind: number): boolean => kind === Kind.xmlElement || kind === Kind.xmlHook

/** The type that an update announces, without what is in it. */
export const readNewType = (decoder: UpdateDecoder): AbstractType<any> => {
  const kind = refs[decoder.readTypeRef()] ?? invalid('unknown_content', decoder.restDecoder)
  return new classes[kind](...(isNamed(kind) ? [decoder.readKey()] : []))
}
