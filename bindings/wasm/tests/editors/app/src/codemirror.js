import { keymap } from '@codemirror/view'
import { EditorView, basicSetup } from 'codemirror'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import * as Y from 'yjs'

export function open(peer, element) {
  const text = peer.doc.getText('content')
  const undoManager = new Y.UndoManager(text)
  const view = new EditorView({
    doc: text.toString(),
    extensions: [
      // Before basicSetup, whose own history would take the keys.
      keymap.of(yUndoManagerKeymap),
      basicSetup,
      EditorView.lineWrapping,
      yCollab(text, peer.awareness, { undoManager }),
    ],
    parent: element,
  })
  return {
    view,
    type: () => text,
    text: () => view.state.doc.toString(),
    shown: () => view.state.doc.toString(),
    step(random) {
      const size = view.state.doc.length
      const from = Math.floor(random() * (size + 1))
      const to = Math.min(size, from + Math.floor(random() * 8))
      const what = random()
      if (what < 0.6) {
        view.dispatch({ changes: { from, insert: random() < 0.2 ? '\n' : `w${from} ` } })
      } else if (what < 0.85) view.dispatch({ changes: { from, to } })
      else if (what < 0.95) undoManager.undo()
      else undoManager.redo()
    },
  }
}
