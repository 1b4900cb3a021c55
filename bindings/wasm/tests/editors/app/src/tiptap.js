import { Editor } from '@tiptap/core'
import Collaboration from '@tiptap/extension-collaboration'
import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import { TextSelection } from '@tiptap/pm/state'
import StarterKit from '@tiptap/starter-kit'

export function open(peer, element) {
  const editor = new Editor({
    element,
    extensions: [
      StarterKit.configure({ undoRedo: false }),
      Collaboration.configure({ document: peer.doc, field: 'content' }),
      CollaborationCaret.configure({ provider: peer, user: peer.user }),
    ],
  })
  return {
    editor,
    type: () => peer.doc.getXmlFragment('content'),
    text: () => editor.getText({ blockSeparator: '\n' }),
    shown: () => JSON.stringify(editor.getJSON()),
    /** Milliseconds that so many changes of the selection take, cursors told to the others. */
    selectionChanges(count, random) {
      editor.commands.focus()
      const size = editor.state.doc.content.size
      const places = Array.from({ length: count }, () => 1 + Math.floor(random() * (size - 2)))
      const start = performance.now()
      for (const place of places) editor.commands.setTextSelection(place)
      return performance.now() - start
    },
    // One step of a person who does whatever comes to mind; `random` is a generator in [0, 1).
    step(random) {
      const size = editor.state.doc.content.size
      const at = () => Math.floor(random() * (size + 1))
      const a = at()
      const b = random() < 0.5 ? Math.min(size, a + Math.floor(random() * 12)) : at()
      const chain = editor.chain().command(({ tr }) => {
        tr.setSelection(TextSelection.between(tr.doc.resolve(a), tr.doc.resolve(b)))
        return true
      })
      const steps = [
        () => chain.insertContent(`${Math.floor(random() * 1000)} `),
        () => chain.insertContent('word'),
        () => chain.toggleBold(),
        () => chain.toggleItalic(),
        () => chain.toggleCode(),
        () => chain.toggleHeading({ level: 1 + Math.floor(random() * 3) }),
        () => chain.toggleBulletList(),
        () => chain.toggleOrderedList(),
        () => chain.toggleBlockquote(),
        () => chain.splitBlock(),
        () => chain.deleteSelection(),
        () => chain.setHorizontalRule(),
        () => editor.chain().undo(),
        () => editor.chain().redo(),
      ]
      try {
        steps[Math.floor(random() * steps.length)]().run()
      } catch (error) {
        // TipTap's own: splitBlock refuses some selections by throwing, before anything is changed.
        if (!/^Invalid content for node type/.test(error.message)) throw error
      }
    },
  }
}
