// Which unit: who inserted it, and the how manieth of theirs it is.
import type { AbstractType } from '../types/AbstractType.js'

export class ID {
  constructor(
    public client: number,
    public clock: number
  ) {}
}

export const createID = (client: number, clock: number): ID => new ID(client, clock)
export const compareIDs = (a: ID | null, b: ID | null): boolean =>
  a === b || (a !== null && b !== null && a.client === b.client && a.clock === b.clock)

/** The name of a root. */
export const findRootTypeKey = (type: AbstractType<any>): string => {
  for (const [name, root] of type.doc?.share ?? []) if (root === type) return name
  throw new Error('this shared type is no root: it has no name')
}
