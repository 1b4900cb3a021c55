import { useEffect } from 'react'
import Collaboration from '@tiptap/extension-collaboration'
import CollaborationCaret from '@tiptap/extension-collaboration-caret'
import { Placeholder } from '@tiptap/extensions'
import { EditorContent, useEditor } from '@tiptap/react'
import StarterKit from '@tiptap/starter-kit'
import { Typing } from './People'
import { useMayWrite } from './presence'
import { Sections } from './sections'
import type { Session } from './session'
import { Toolbar } from './Toolbar'

/** The page: TipTap with its own extensions for collaboration. */
export function Letter({ session }: { session: Session }) {
  const { letter, awareness, provider } = session
  const editor = useEditor(
    {
      extensions: [
        // Undo is the document's: it takes back what was written here, not what others wrote. And no
        // paragraph is added at the end by itself: everybody who has the page open would add one.
        StarterKit.configure({ undoRedo: false, trailingNode: false, link: { openOnClick: false } }),
        Collaboration.configure({ fragment: letter }),
        CollaborationCaret.configure({ provider, user: awareness.getLocalState()?.user }),
        Sections.configure({ awareness }),
        Placeholder.configure({ placeholder: 'Write something. Then open this page in a second window.' })
      ],
      editorProps: { attributes: { 'aria-label': 'Page', id: 'letter', spellcheck: 'false' } },
      autofocus: true
    },
    [session]
  )
  const mayWrite = useMayWrite(provider)
  useEffect(() => editor.setEditable(mayWrite, false), [editor, mayWrite])
  useTitle(session)
  return (
    <section className="letter">
      {mayWrite ? <Toolbar editor={editor} awareness={awareness} /> : <p className="reading">You may read this page, not change it.</p>}
      <div className="sheet" onClick={(event) => event.target === event.currentTarget && editor.commands.focus('end')}>
        <EditorContent editor={editor} />
      </div>
      <Typing awareness={awareness} />
    </section>
  )
}

/** The window is called after the first line. */
function useTitle({ letter }: Session): void {
  useEffect(() => {
    const name = (): void => {
      const first = letter.toArray().find((block) => 'toDOM' in block && text(block) !== '')
      document.title = first === undefined ? 'Ropewalk' : `${text(first).slice(0, 60)} – Ropewalk`
    }
    name()
    letter.observeDeep(name)
    return () => letter.unobserveDeep(name)
  }, [letter])
}

const text = (block: { toString(): string }): string => block.toString().replace(/<[^>]*>/g, '').trim()
