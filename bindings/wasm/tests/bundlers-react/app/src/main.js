// A component that shows a text and how its connection stands; all three entries of the package at once.
import { createElement } from 'react'
import { createRoot } from 'react-dom/client'
import * as Y from 'ropewalk'
import { WebsocketProvider } from 'ropewalk/provider'
import { useConnection, useText } from 'ropewalk/react'

const doc = new Y.Doc()
const text = doc.getText('t')
const provider = new WebsocketProvider('wss://example.org', 'room', doc, { connect: false, storage: null, disableBc: true })

function Page() {
  const { state, unsent } = useConnection(provider)
  return createElement('p', { 'data-shown': `${useText(text)}, ${state}, ${unsent}` })
}

createRoot(document.querySelector('#root')).render(createElement(Page))
setTimeout(() => text.insert(0, 'made here'), 50)
