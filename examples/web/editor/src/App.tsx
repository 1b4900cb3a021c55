import { newDocument, linkTo, useDocumentId } from './address'
import { Bar } from './Bar'
import { Letter } from './Letter'
import { Notes } from './Notes'
import { useSession } from './session'
import { Wire } from './Wire'

export function App() {
  const id = useDocumentId()
  const session = useSession(id)
  return (
    <>
      <a className="skip" href="#letter" onClick={toLetter}>
        Skip to the text
      </a>
      <Bar session={session} onNew={() => location.assign(linkTo(newDocument()))} />
      {session !== null && (
        <div className="desk" key={id}>
          <main>
            <Letter session={session} />
          </main>
          <aside aria-label="Beside the page">
            <Notes session={session} />
            <Wire log={session.traffic} />
          </aside>
        </div>
      )}
    </>
  )
}

/** The part behind the # names the document, so the link may not go there. */
function toLetter(event: { preventDefault(): void }): void {
  event.preventDefault()
  document.querySelector<HTMLElement>('.tiptap')?.focus()
}
