// What applications write, in the types of the package. It must compile on Yjs and on Ropewalk alike.
import * as Y from 'yjs'
import type { AbsolutePosition, RelativePosition } from 'yjs'

interface Task {
  title: string
  done: boolean
}

export class Board extends Y.Doc {
  readonly name: string
  readonly tasks: Y.Array<Y.Map<string | boolean>>

  constructor(name: string) {
    super({ guid: name, gc: true, gcFilter: (item: Y.Item) => !item.deleted, meta: { name }, autoLoad: false, shouldLoad: true })
    this.name = name
    this.tasks = this.getArray<Y.Map<string | boolean>>('tasks')
  }

  add({ title, done }: Task): Y.Map<string | boolean> {
    const task = new Y.Map<string | boolean>([['title', title]])
    return this.transact(transaction => {
      const local: boolean = transaction.local
      transaction.meta.set('added', local)
      this.tasks.push([task])
      task.set('done', done)
      return task
    }, this)
  }

  titles(): Array<string | boolean | undefined> {
    return this.tasks.map(task => task.get('title'))
  }
}

// -- events -------------------------------------------------------------------------------------------

export function watch(doc: Y.Doc): () => void {
  const onUpdate = (update: Uint8Array, origin: unknown, from: Y.Doc, transaction: Y.Transaction): void => {
    if (origin !== doc && transaction.local) Y.applyUpdate(from, Y.mergeUpdates([update]), 'elsewhere')
  }
  doc.on('update', onUpdate)
  doc.on('subdocs', ({ added, removed, loaded }: { added: Set<Y.Doc>; removed: Set<Y.Doc>; loaded: Set<Y.Doc> }) => {
    for (const inner of [...added, ...removed, ...loaded]) inner.load()
  })
  doc.once('destroy', (gone: Y.Doc) => gone.off('update', onUpdate))
  doc.on('afterAllTransactions', (_: Y.Doc, transactions: Y.Transaction[]) => transactions.length)
  const text = doc.getText('text')
  const onText = (event: Y.YTextEvent, transaction: Y.Transaction): void => {
    let at = 0
    for (const op of event.delta) {
      at += op.retain ?? (typeof op.insert === 'string' ? op.insert.length : 0)
      const bold: unknown = op.attributes?.bold
      if (bold !== undefined && transaction.origin === null) at += 0
    }
    const path: Array<string | number> = event.path
    path.concat(event.changes.added.size, [...event.keys.keys()])
  }
  text.observe(onText)
  doc.getMap<number>('map').observe((event: Y.YMapEvent<number>) => event.keysChanged.forEach(key => event.target.get(key as string)))
  doc.getArray<string>('array').observe((event: Y.YArrayEvent<string>) => event.target.toArray().join())
  doc.getXmlFragment('xml').observeDeep((events: Array<Y.YEvent<any>>) => {
    for (const event of events) if (event instanceof Y.YXmlEvent) event.attributesChanged.has('class')
  })
  return () => text.unobserve(onText)
}

// -- types ------------------------------------------------------------------------------------------

export function write(doc: Y.Doc): string {
  const text = doc.getText()
  text.insert(0, 'Hello', { bold: true })
  text.insertEmbed(5, { image: 'a.png' }, { width: '100' })
  text.applyDelta([{ retain: 2 }, { delete: 1 }, { insert: 'x', attributes: { em: {} } }], { sanitize: false })
  text.format(0, 2, { bold: null })
  const fragment = doc.get('fragment', Y.XmlFragment)
  const paragraph = new Y.XmlElement<{ class: string }>('p')
  paragraph.setAttribute('class', 'lead')
  const inner = new Y.XmlText('inner')
  fragment.insert(0, [paragraph, inner])
  fragment.insertAfter(paragraph, [new Y.XmlElement('hr')])
  const className: string | undefined = paragraph.getAttribute('class')
  const next: Y.XmlElement | Y.XmlText | null = paragraph.nextSibling
  const walker = fragment.createTreeWalker(node => node instanceof Y.XmlElement)
  for (const node of walker) if (node instanceof Y.XmlElement) node.nodeName.toUpperCase()
  const map = doc.getMap<Y.Text | number>('map')
  map.set('a', 1)
  const copy: Y.Map<Y.Text | number> = map.clone()
  for (const [key, value] of map) if (typeof value === 'number') copy.set(key, value + 1)
  const list = Y.Array.from<number | string>([1, 'two'])
  map.doc?.transact(() => list.slice(0, 1).concat(list.toJSON()))
  return className ?? next?.toString() ?? inner.toJSON()
}

// -- undo, positions, snapshots, updates ------------------------------------------------------------------

export function manage(text: Y.Text): Y.UndoManager {
  const manager = new Y.UndoManager([text], {
    captureTimeout: 0,
    trackedOrigins: new Set<any>([null, manage]),
    captureTransaction: transaction => transaction.meta.get('addToHistory') !== false,
    deleteFilter: item => !(item instanceof Y.Item) || item.content instanceof Y.ContentType,
    ignoreRemoteMapChanges: true,
  })
  manager.on('stack-item-added', ({ stackItem, type }) => stackItem.meta.set('type', type))
  manager.on('stack-item-popped', ({ changedParentTypes }) => changedParentTypes.size)
  if (manager.canUndo()) manager.undo()
  manager.addTrackedOrigin('me')
  manager.stopCapturing()
  return manager
}

export function follow(text: Y.Text, at: number): AbsolutePosition | null {
  const position: RelativePosition = Y.createRelativePositionFromTypeIndex(text, at, -1)
  const read = Y.decodeRelativePosition(Y.encodeRelativePosition(Y.createRelativePositionFromJSON(Y.relativePositionToJSON(position))))
  if (!Y.compareRelativePositions(position, read) || text.doc === null) return null
  return Y.createAbsolutePositionFromRelativePosition(read, text.doc)
}

export function remember(doc: Y.Doc): Y.Doc {
  const snapshot: Y.Snapshot = Y.decodeSnapshot(Y.encodeSnapshot(Y.snapshot(doc)))
  const deletes: Y.Snapshot['ds'] = snapshot.ds
  const clocks: Map<number, number> = snapshot.sv
  if (clocks.size === 0 && deletes.clients.size === 0) return new Y.Doc()
  const delta: any[] = doc.getText().toDelta(snapshot, Y.emptySnapshot)
  return delta.length > 0 ? Y.createDocFromSnapshot(doc, snapshot) : doc
}

export function exchange(a: Y.Doc, b: Y.Doc): Uint8Array {
  const state = Y.encodeStateAsUpdate(a, Y.encodeStateVector(b))
  Y.applyUpdateV2(b, Y.convertUpdateFormatV1ToV2(state), 'a')
  const { from, to } = Y.parseUpdateMeta(state)
  const { structs, ds } = Y.decodeUpdate(state)
  for (const struct of structs) if (struct instanceof Y.Item && struct.content instanceof Y.ContentString) struct.content.str.trim()
  return from.size + to.size + ds.clients.size > 0 ? Y.diffUpdate(state, Y.encodeStateVectorFromUpdate(state)) : state
}
