// Run by Node in an installed app: there is one module called yjs, it is ours, and the ProseMirror
// bindings work on it. Prints one line of JSON.
import { deepEqual, equal, ok } from 'node:assert/strict'
import { realpathSync } from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import { getSchema } from '@tiptap/core'
import StarterKit from '@tiptap/starter-kit'
import * as tiptapBinding from '@tiptap/y-tiptap'
import * as proseMirrorBinding from 'y-prosemirror'
import * as Y from 'yjs'

const expected = process.argv[2]
const require = createRequire(import.meta.url)

// The package that holds the file which `name` means for a module at `from`.
function packageOf(name, from) {
  let folder = path.dirname(realpathSync(createRequire(from).resolve(name)))
  for (;;) {
    try {
      const manifest = require(path.join(folder, 'package.json'))
      if (manifest.name) return { folder, name: manifest.name }
    } catch {}
    folder = path.dirname(folder)
  }
}

const ours = packageOf('yjs', import.meta.url)
equal(ours.name, expected)
for (const binding of ['@tiptap/y-tiptap', 'y-prosemirror', 'y-codemirror.next', 'y-quill']) {
  const theirs = packageOf('yjs', realpathSync(require.resolve(binding)))
  equal(theirs.folder, ours.folder, `${binding} has a yjs of its own`)
}

const schema = getSchema([StarterKit])
const content = {
  type: 'doc',
  content: [
    { type: 'heading', attrs: { level: 2 }, content: [{ type: 'text', text: 'One engine' }] },
    {
      type: 'paragraph',
      content: [
        { type: 'text', text: 'plain, ' },
        { type: 'text', marks: [{ type: 'bold' }], text: 'bold' },
      ],
    },
  ],
}
const expectedJson = schema.nodeFromJSON(content).toJSON()
for (const binding of [tiptapBinding, proseMirrorBinding]) {
  const doc = binding.prosemirrorJSONToYDoc(schema, content, 'content')
  ok(doc.constructor === Y.Doc, 'the binding makes documents of the class that the app imports')
  const copy = new Y.Doc()
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc))
  const fragment = copy.getXmlFragment('content')
  deepEqual(binding.yXmlFragmentToProseMirrorRootNode(fragment, schema).toJSON(), expectedJson)
  const marked = fragment.get(1).get(0)
  ok(marked instanceof Y.XmlText)
  deepEqual(marked.toDelta(), [
    { insert: 'plain, ' },
    { insert: 'bold', attributes: { bold: {} } },
  ])
}

console.log(JSON.stringify({ package: ours.name, sameAsRequire: require('yjs').Doc === Y.Doc }))
