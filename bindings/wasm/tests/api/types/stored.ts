// Documents that are stored, as applications write them: typed against the package alone.
import * as Y from 'yjs'
import {
  type ByteStore,
  compact,
  type DocumentFile,
  EpochMap,
  file,
  type Finding,
  http,
  indexedDb,
  inspect,
  MemoryStore,
  open,
  opfs,
  type Place,
  readYIndexeddb,
  renumber,
  verify,
  writeContainer
} from 'yjs/storage'

class Bucket implements ByteStore {
  constructor(private readonly bytes: Map<string, Uint8Array>) {}
  size(): number {
    return this.bytes.get('document')?.length ?? 0
  }
  async read(offset: number, size: number): Promise<Uint8Array> {
    return this.bytes.get('document')!.slice(offset, offset + size)
  }
}

const places: (string | URL | Uint8Array | ByteStore | Place)[] = [
  'notes.rope',
  new URL('https://example.org/notes.rope'),
  new Uint8Array(0),
  new MemoryStore(),
  new Bucket(new Map()),
  file('notes.rope'),
  opfs('letters/notes.rope'),
  indexedDb('notes', { database: 'app' }),
  http('https://example.org/notes.rope', { headers: { authorization: 'Bearer x' } })
]

export async function all(): Promise<Y.Doc[]> {
  const docs: Y.Doc[] = []
  for (const place of places) {
    const stored: DocumentFile = await open(place, { durability: 'kill', create: true, verify: true })
    const head: string = await stored.text('notes', { to: 200 })
    const doc = await stored.load()
    doc.getText('notes').insert(head.length, '!')
    stored.on('error', (error, of) => console.error(error, of.sizes.updates))
    await stored.saved()
    await stored.sync()
    await stored.compact()
    const findings: Finding[] = stored.report.findings
    const updates: [number, number] | null | undefined = findings[0]?.updates
    console.log(updates?.[0], (await inspect(place)).container?.units, (await verify(place)).damaged)
    await stored.close()
    docs.push(doc)
  }
  return docs
}

export function over(history: Uint8Array, late: Uint8Array): Uint8Array[] {
  const { history: fresh, map } = renumber(compact(history), { fromEpoch: 1, taken: [5] })
  return [fresh, new EpochMap(map.bytes).translateUpdate(late), writeContainer(fresh, { v2: false })]
}

export async function moved(): Promise<void> {
  const update: Uint8Array | null = await readYIndexeddb('notes')
  const into = await open(indexedDb('notes'))
  if (update !== null) Y.applyUpdate(await into.load(), update)
  try {
    await into.close()
  } catch (error) {
    if (error instanceof Y.RopewalkError && error.code === 'no_space') console.error(error.offset)
  }
}
