// Notes in a file. They open at once, every line is in the file when it is acknowledged, and the same
// file opens in Python and C++.
//
//     node notes.mjs notes.rope "Buy milk"     adds a line
//     node notes.mjs notes.rope                prints them
import { open } from 'ropewalk/storage'

const [path = 'notes.rope', ...words] = process.argv.slice(2)
const file = await open(path)
if (file.report.findings.length > 0) console.error(file.report)

if (words.length > 0) {
  const notes = (await file.load()).getText('notes')
  notes.insert(notes.length, `${words.join(' ')}\n`)
  await file.saved()
} else {
  // The pages with this text, and not the history of how it came about.
  process.stdout.write(await file.text('notes'))
}
// A log that has become longer than what it is about is made a part of it.
const { updateBytes, snapshotBytes } = file.sizes
if (updateBytes > snapshotBytes) await file.compact()
await file.close()
