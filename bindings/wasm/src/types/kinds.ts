// Which class stands for which kind of shared type.
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
