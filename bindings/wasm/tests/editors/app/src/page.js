// One editor: ?editor=tiptap|codemirror|quill&name=Ann&color=%23c2410c&room=r&client=1
// What tests ask of it is `window.page`.
import { toBase64 } from 'lib0/buffer'
import * as Y from 'yjs'
import { Peer } from './peer.js'
import { generator } from './random.js'

const query = new URLSearchParams(location.search)
const editors = {
  tiptap: () => import('./tiptap.js'),
  codemirror: () => import('./codemirror.js'),
  quill: () => import('./quill.js'),
}

const { open } = await editors[query.get('editor')]()
const color = query.get('color')
const user = { name: query.get('name'), color, colorLight: `${color}33` }
const peer = new Peer(query.get('room'), user, Number(query.get('client')))
// A long document from the start, for measuring.
const paragraphs = Number(query.get('paragraphs'))
if (paragraphs) {
  const content = Array.from({ length: paragraphs }, (_, i) => {
    const paragraph = new Y.XmlElement('paragraph')
    paragraph.insert(0, [new Y.XmlText(`Paragraph ${i} of a long document, with some words in it.`)])
    return paragraph
  })
  peer.doc.getXmlFragment('content').insert(0, content)
}
const editor = open(peer, document.querySelector('#editor'))
peer.online()

window.page = {
  editor,
  peer,
  state: () => ({
    shown: editor.shown(),
    vector: toBase64(Y.encodeStateVector(peer.doc)),
    update: toBase64(Y.encodeStateAsUpdate(peer.doc)),
    value: String(editor.type().toJSON()),
  }),
  selectionChanges: (count, seed) => editor.selectionChanges(count, generator(seed)),
  // Random steps; the seed repeats them.
  steps(count, seed) {
    const random = generator(seed)
    for (let i = 0; i < count; i++) editor.step(random)
  },
}
document.body.dataset.ready = 'yes'
