import type { ReactNode } from 'react'
import { type Editor, useEditorState } from '@tiptap/react'
import type { Awareness } from 'yjs/provider'
import { useAwareness } from 'yjs/react'
import { toggleHolding } from './sections'

interface Tool {
  name: string
  keys?: string
  icon: ReactNode
  isOn?: (editor: Editor) => boolean
  can?: (editor: Editor) => boolean
  run: (editor: Editor) => void
}

const stroke = (...paths: string[]): ReactNode => (
  <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true">
    <g fill="none" stroke="currentColor" strokeWidth="1.7" strokeLinecap="round" strokeLinejoin="round">
      {paths.map((path) => (
        <path d={path} key={path} />
      ))}
    </g>
  </svg>
)
const letters = (text: string, className = ''): ReactNode => <span className={`glyph ${className}`}>{text}</span>

const groups: Tool[][] = [
  [
    { name: 'Undo', keys: 'Ctrl Z', icon: stroke('M7 5 3.5 8.5 7 12', 'M4 8.5h8a4 4 0 0 1 0 8H8'), can: (editor) => editor.can().undo(), run: (editor) => editor.chain().focus().undo().run() },
    { name: 'Redo', keys: 'Ctrl Shift Z', icon: stroke('m13 5 3.5 3.5L13 12', 'M16 8.5H8a4 4 0 0 0 0 8h4'), can: (editor) => editor.can().redo(), run: (editor) => editor.chain().focus().redo().run() }
  ],
  [
    { name: 'H1 heading', icon: letters('H1'), isOn: (editor) => editor.isActive('heading', { level: 1 }), run: (editor) => editor.chain().focus().toggleHeading({ level: 1 }).run() },
    { name: 'H2 subheading', icon: letters('H2'), isOn: (editor) => editor.isActive('heading', { level: 2 }), run: (editor) => editor.chain().focus().toggleHeading({ level: 2 }).run() }
  ],
  [
    { name: 'Bold', keys: 'Ctrl B', icon: letters('B', 'bold'), isOn: (editor) => editor.isActive('bold'), run: (editor) => editor.chain().focus().toggleBold().run() },
    { name: 'Italic', keys: 'Ctrl I', icon: letters('I', 'italic'), isOn: (editor) => editor.isActive('italic'), run: (editor) => editor.chain().focus().toggleItalic().run() },
    { name: 'Underline', keys: 'Ctrl U', icon: letters('U', 'underline'), isOn: (editor) => editor.isActive('underline'), run: (editor) => editor.chain().focus().toggleUnderline().run() },
    { name: 'Code', keys: 'Ctrl E', icon: stroke('m7 6-4 4 4 4', 'm13 6 4 4-4 4'), isOn: (editor) => editor.isActive('code'), run: (editor) => editor.chain().focus().toggleCode().run() }
  ],
  [
    { name: 'Bullet list', icon: stroke('M8 5.5h9M8 10h9M8 14.5h9', 'M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01'), isOn: (editor) => editor.isActive('bulletList'), run: (editor) => editor.chain().focus().toggleBulletList().run() },
    { name: 'Numbered list', icon: stroke('M9 5.5h8M9 10h8M9 14.5h8', 'M3 4.5 4.5 4v4M3 12.5c.4-1 2-1 2 .2 0 1-2 1.3-2 2.8h2.2'), isOn: (editor) => editor.isActive('orderedList'), run: (editor) => editor.chain().focus().toggleOrderedList().run() },
    { name: 'Quote', icon: stroke('M4 4v12', 'M8 6h8M8 10h8M8 14h5'), isOn: (editor) => editor.isActive('blockquote'), run: (editor) => editor.chain().focus().toggleBlockquote().run() }
  ]
]
const tools = groups.flat()

export function Toolbar({ editor, awareness }: { editor: Editor; awareness: Awareness }) {
  const state = useEditorState({
    editor,
    selector: ({ editor }) => tools.map((tool) => `${tool.isOn?.(editor) ?? ''} ${tool.can?.(editor) ?? true}`)
  })
  let index = 0
  return (
    <div className="toolbar" role="toolbar" aria-label="Formatting" aria-controls="letter">
      {groups.map((group) => (
        <div className="group" key={group[0]!.name}>
          {group.map((tool) => {
            const [isOn, can] = state[index++]!.split(' ')
            return (
              <button
                key={tool.name}
                type="button"
                aria-label={tool.name}
                title={tool.keys === undefined ? tool.name : `${tool.name} (${tool.keys})`}
                {...(tool.isOn && { 'aria-pressed': isOn === 'true' })}
                aria-disabled={can === 'false'}
                // The selection in the text stays.
                onMouseDown={(event) => event.preventDefault()}
                onClick={() => can === 'true' && tool.run(editor)}
              >
                {tool.icon}
              </button>
            )
          })}
        </div>
      ))}
      <div className="group">
        <Holding editor={editor} awareness={awareness} />
      </div>
    </div>
  )
}

/** Tells the others that one would like to have a section to oneself for a while. */
function Holding({ editor, awareness }: { editor: Editor; awareness: Awareness }) {
  const isHeld = useAwareness(awareness, (states) => Boolean(states.get(awareness.clientID)?.holding))
  return (
    <button
      type="button"
      aria-label="I work on this section"
      title="Ask the others to leave this section to you for five minutes"
      aria-pressed={isHeld}
      onMouseDown={(event) => event.preventDefault()}
      onClick={() => toggleHolding(editor, awareness)}
    >
      {stroke('M6 17V4', 'M6 4.5h9l-2 3 2 3H6')}
    </button>
  )
}
