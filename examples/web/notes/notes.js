// Notes that stay in this browser: in its file system, without a server. Their text is there before the
// document is.
import { open } from 'ropewalk/storage'

const area = document.getElementById('notes')
const state = document.getElementById('state')
const say = (text) => (state.textContent = text)

try {
  const file = await open('notes.rope')
  area.value = await file.text('notes')
  const notes = (await file.load()).getText('notes')
  area.disabled = false
  say('Saved')

  area.addEventListener('input', () => {
    const { from, to, text } = difference(notes.toString(), area.value)
    notes.doc.transact(() => {
      notes.delete(from, to - from)
      notes.insert(from, text)
    })
    say('Saving…')
  })
  file.on('saved', () => say('Saved'))
  file.on('error', (error) => say(`Not saved: ${error.message}`))
  // What has piled up behind the snapshot becomes a part of it.
  const { updateBytes, snapshotBytes } = file.sizes
  if (updateBytes > snapshotBytes) await file.compact()
} catch (error) {
  say(error.code === 'in_use' ? 'These notes are open in another tab.' : error.message)
}

/** What has to be replaced of one text to make another. */
function difference(before, after) {
  let from = 0
  while (from < before.length && before[from] === after[from]) from++
  let [to, end] = [before.length, after.length]
  while (to > from && end > from && before[to - 1] === after[end - 1]) {
    to--
    end--
  }
  return { from, to, text: after.slice(from, end) }
}
