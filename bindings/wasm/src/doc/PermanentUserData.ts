// Who wrote and who deleted what, kept in the document itself: a map of users, each with the
// clients that were theirs and what they have deleted.
import { createDeleteSet, DeleteSet, isDeleted, mergeDeleteSets, readDeleteSet, writeDeleteSet } from '../structs/DeleteSet.js'
import type { ID } from '../structs/ID.js'
import { YArray } from '../types/YArray.js'
import { YMap } from '../types/YMap.js'
import { DSDecoderV1 } from '../update/decoders.js'
import { DSEncoderV1 } from '../update/encoders.js'
import { inputOf } from '../update/input.js'
import type { Doc } from './Doc.js'
import type { Transaction } from './Transaction.js'

const encode = (set: DeleteSet): Uint8Array => {
  const encoder = new DSEncoderV1()
  writeDeleteSet(encoder, set)
  return encoder.toUint8Array()
}
const decode = (bytes: Uint8Array): DeleteSet => readDeleteSet(new DSDecoderV1(inputOf(bytes)))

type User = YMap<any>
const newUser = (): User =>
  new YMap<any>([
    ['ids', new YArray<number>()],
    ['ds', new YArray<Uint8Array>()]
  ])
const clientsOf = (user: User): YArray<number> => user.get('ids')
const deletionsOf = (user: User): YArray<Uint8Array> => user.get('ds')

export interface UserMappingOptions {
  /** Which deletions are to be remembered. */
  filter?: (transaction: Transaction, deleteSet: DeleteSet) => boolean
}

export class PermanentUserData {
  yusers: YMap<User>
  doc: Doc
  /** Who a client is. */
  clients = new Map<number, string>()
  /** What each user has deleted. */
  dss = new Map<string, DeleteSet>()

  constructor(doc: Doc, storeType: YMap<any> = doc.getMap('users')) {
    this.doc = doc
    this.yusers = storeType
    storeType.observe((event) => {
      for (const name of event.keysChanged) this.#watch(storeType.get(name), name)
    })
    storeType.forEach((user, name) => this.#watch(user, name))
  }

  #watch(user: User | undefined, name: string): void {
    if (!(user instanceof YMap)) return
    const add = (values: any[]): void => {
      const sets = values.filter((value) => value instanceof Uint8Array).map(decode)
      this.dss.set(name, mergeDeleteSets([this.dss.get(name) ?? createDeleteSet(), ...sets]))
    }
    const know = (client: unknown): void => {
      if (typeof client === 'number') this.clients.set(client, name)
    }
    const added = (event: { changes: { delta: any[] } }): any[] =>
      event.changes.delta.flatMap(({ insert }) => (Array.isArray(insert) ? insert : []))
    deletionsOf(user).observe((event) => add(added(event)))
    clientsOf(user).observe((event) => added(event).forEach(know))
    add(deletionsOf(user).toArray())
    clientsOf(user).forEach(know)
  }

  /** From now on this client is that user. */
  setUserMapping(doc: Doc, clientid: number, userDescription: string, { filter = () => true }: UserMappingOptions = {}): void {
    const users = this.yusers
    let user: User = users.get(userDescription) ?? users.set(userDescription, newUser())
    clientsOf(user).push([clientid])
    // Edits wait until those who are being told have been.
    users.observe(() =>
      setTimeout(() => {
        const now = users.get(userDescription)
        if (now === undefined || now === user) return
        // Somebody else made the same user at the same time: what we knew goes to theirs.
        user = now
        const mine = [...this.clients].filter(([, name]) => name === userDescription).map(([client]) => client)
        clientsOf(now).push(mine)
        const deleted = this.dss.get(userDescription)
        if (deleted !== undefined) deletionsOf(now).push([encode(deleted)])
      })
    )
    doc.on('afterTransaction', (transaction) => {
      const { deleteSet } = transaction
      if (!transaction.local || deleteSet.clients.size === 0 || !filter(transaction, deleteSet)) return
      setTimeout(() => deletionsOf(user).push([encode(deleteSet)]))
    })
  }

  getUserByClientId(clientid: number): string | null {
    return this.clients.get(clientid) ?? null
  }
  getUserByDeletedId(id: ID): string | null {
    for (const [name, deleted] of this.dss) if (isDeleted(deleted, id)) return name
    return null
  }
}
