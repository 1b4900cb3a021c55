import Quill from 'quill'
import QuillCursors from 'quill-cursors'
import 'quill/dist/quill.snow.css'
import { QuillBinding } from 'y-quill'
import * as Y from 'yjs'

Quill.register('modules/cursors', QuillCursors)

// Quill's text always ends in a newline. Where the shared text has none, formatting the last line adds
// one for the others only; so everyone starts from the same first newline.
function start(doc) {
  const empty = new Y.Doc()
  empty.clientID = 1
  empty.getText('content').insert(0, '\n')
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(empty))
}

export function open(peer, element) {
  start(peer.doc)
  const quill = new Quill(element, {
    theme: 'snow',
    modules: {
      cursors: { transformOnTextChange: true },
      // Undo is the document's: Quill's own would take back what others wrote.
      history: { maxStack: 0 },
      toolbar: [[{ header: [1, 2, false] }], ['bold', 'italic'], [{ list: 'bullet' }]],
    },
  })
  const text = peer.doc.getText('content')
  const binding = new QuillBinding(text, quill, peer.awareness)
  const undoManager = new Y.UndoManager(text, { trackedOrigins: new Set([binding]) })
  quill.root.addEventListener('keydown', (event) => {
    if (!event.ctrlKey || event.key.toLowerCase() !== 'z') return
    event.preventDefault()
    if (event.shiftKey) undoManager.redo()
    else undoManager.undo()
  })
  return {
    quill,
    type: () => text,
    text: () => quill.getText(),
    shown: () => JSON.stringify(quill.getContents().ops),
    step(random) {
      const size = quill.getLength() - 1
      const from = Math.floor(random() * (size + 1))
      const length = Math.min(size - from, 1 + Math.floor(random() * 8))
      const steps = [
        () => quill.insertText(from, `w${from} `, 'user'),
        () => quill.insertText(from, '\n', 'user'),
        () => quill.insertText(from, 'bold', { bold: true }, 'user'),
        () => quill.formatText(from, length, 'bold', random() < 0.5, 'user'),
        () => quill.formatText(from, length, 'italic', random() < 0.5, 'user'),
        // Not headers too: a line that becomes both apart is both in the text, and Quill shows either.
        () => quill.formatLine(from, length, 'list', random() < 0.5 && 'bullet', 'user'),
        () => quill.formatLine(from, length, 'list', random() < 0.5 && 'ordered', 'user'),
        () => quill.deleteText(from, length, 'user'),
        () => undoManager.undo(),
        () => undoManager.redo(),
      ]
      steps[Math.floor(random() * steps.length)]()
    },
  }
}
