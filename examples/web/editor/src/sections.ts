// The section somebody is in, and the one they would like to have to themselves. Sections begin with a
// heading. That one is held is shown beside it to everybody, and hinders nobody.
import { type Editor, Extension } from '@tiptap/core'
import { type EditorState, Plugin, PluginKey } from '@tiptap/pm/state'
import { Decoration, DecorationSet } from '@tiptap/pm/view'
import { absolutePositionToRelativePosition, relativePositionToAbsolutePosition, ySyncPluginKey } from '@tiptap/y-tiptap'
import { createRelativePositionFromJSON } from 'yjs'
import { type Awareness, type Holding, holdings, holdSection } from 'yjs/provider'

interface Section {
  title: string
  /** Right behind the beginning of its first block. */
  at: number
}

/** What the text that the selection begins in belongs to: the last heading before it, or the page's first block. */
function sectionOf({ doc, selection }: EditorState): Section {
  let section: Section = { title: '', at: 1 }
  doc.forEach((block, offset) => {
    if (offset < selection.from && block.type.name === 'heading' && block.textContent.trim() !== '') {
      section = { title: block.textContent.trim().slice(0, 80), at: offset + 1 }
    }
  })
  return section
}

export function toggleHolding(editor: Editor, awareness: Awareness): void {
  if (awareness.getLocalState()?.holding) return awareness.setLocalStateField('holding', null)
  const { title, at } = sectionOf(editor.state)
  const { type, binding } = ySyncPluginKey.getState(editor.state)
  // As a place in the document, so that it stays with its heading whatever others write.
  const place = absolutePositionToRelativePosition(at, type, binding.mapping)
  holdSection(awareness, { section: title || 'The beginning', at: JSON.parse(JSON.stringify(place)) })
}

const key = new PluginKey('sections')

export const Sections = Extension.create<{ awareness: Awareness }>({
  name: 'sections',

  addOptions() {
    return { awareness: null as unknown as Awareness }
  },

  /** Others see which section we are in. */
  onTransaction() {
    const { awareness } = this.options
    const section = this.editor.isFocused ? sectionOf(this.editor.state).title || null : null
    if (this.editor.isFocused && (awareness.getLocalState()?.section ?? null) !== section) {
      awareness.setLocalStateField('section', section)
    }
  },

  addProseMirrorPlugins() {
    const { awareness } = this.options
    return [
      new Plugin({
        key,
        props: { decorations: (state) => DecorationSet.create(state.doc, marks(state, awareness)) },
        view: (view) => {
          let shown = ''
          const look = (): void => {
            const held = JSON.stringify([...holdings(awareness)])
            if (held === shown) return
            shown = held
            // Not in the midst of what told us.
            queueMicrotask(() => view.isDestroyed || view.dispatch(view.state.tr.setMeta(key, true)))
          }
          awareness.on('change', look)
          return { destroy: () => awareness.off('change', look) }
        }
      })
    ]
  }
})

function marks(state: EditorState, awareness: Awareness): Decoration[] {
  const found: Decoration[] = []
  for (const [client, holding] of holdings(awareness)) {
    const at = placeOf(state, holding)
    const user = awareness.getStates().get(client)?.user
    if (at === null || typeof user?.name !== 'string') continue
    const whose = client === awareness.clientID ? 'You work here' : `${user.name} works here`
    found.push(Decoration.widget(at, () => chip(whose, user.color), { side: -1, key: `${client} ${whose}`, ignoreSelection: true }))
  }
  return found
}

function placeOf(state: EditorState, { at }: Holding): number | null {
  const { type, doc, binding } = ySyncPluginKey.getState(state)
  if (!binding) return null
  try {
    const place = relativePositionToAbsolutePosition(doc, type, createRelativePositionFromJSON(at), binding.mapping)
    return place === null || place < 1 || place > state.doc.content.size ? null : place
  } catch {
    // What somebody else has sent, and is no place.
    return null
  }
}

function chip(text: string, color: string): HTMLElement {
  const element = document.createElement('span')
  element.className = 'held'
  element.style.backgroundColor = color
  element.textContent = text
  return element
}
