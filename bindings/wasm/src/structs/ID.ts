// Which unit: who inserted it, and the how manieth of theirs it is.

export class ID {
  constructor(
    readonly client: number,
    readonly clock: number
  ) {}
}

export const createID = (client: number, clock: number): ID => new ID(client, clock)
export const compareIDs = (a: ID | null, b: ID | null): boolean =>
  a === b || (a !== null && b !== null && a.client === b.client && a.clock === b.clock)
