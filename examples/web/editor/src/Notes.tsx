import { useEffect, useRef } from 'react'
import { EditorState } from '@codemirror/state'
import { EditorView, keymap, placeholder } from '@codemirror/view'
import { minimalSetup } from 'codemirror'
import { UndoManager } from 'yjs'
import { yCollab, yUndoManagerKeymap } from 'y-codemirror.next'
import { useMayWrite } from './presence'
import type { Session } from './session'

/** Beside the page: plain text in CodeMirror, with its binding for Yjs. */
export function Notes({ session }: { session: Session }) {
  const place = useRef<HTMLDivElement>(null)
  const mayWrite = useMayWrite(session.provider)
  useEffect(() => {
    const undoManager = new UndoManager(session.notes)
    const view = new EditorView({
      parent: place.current!,
      state: EditorState.create({
        doc: session.notes.toString(),
        extensions: [
          keymap.of(yUndoManagerKeymap),
          minimalSetup,
          EditorView.lineWrapping,
          EditorState.readOnly.of(!mayWrite),
          EditorView.editable.of(mayWrite),
          EditorView.contentAttributes.of({ 'aria-label': 'Notes' }),
          placeholder('Notes in plain text, shared as well'),
          yCollab(session.notes, session.awareness, { undoManager })
        ]
      })
    })
    return () => {
      view.destroy()
      undoManager.destroy()
    }
  }, [session, mayWrite])
  return (
    <section className="panel notes" aria-labelledby="notes-title">
      <h2 id="notes-title">Notes</h2>
      <div className="notes-text" ref={place} />
    </section>
  )
}
