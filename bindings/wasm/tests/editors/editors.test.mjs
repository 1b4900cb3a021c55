// TipTap, CodeMirror and Quill with their stock Yjs bindings: one editor on ropewalk, one on Yjs.
import { equal, match, notEqual, ok } from 'node:assert/strict'
import path from 'node:path'
import { afterAll, afterEach, beforeAll, describe, test } from 'vitest'
import { bundlePage } from '../support/bundle.mjs'
import { launch, serve } from '../support/browser.mjs'
import { install } from '../support/install.mjs'
import { build, tests } from '../support/paths.mjs'
import { tarball } from '../support/ropewalk.mjs'
import { Two } from './two.mjs'

const source = path.join(tests, 'editors/app')
const rounds = Number(process.env.EDITOR_ROUNDS ?? 6)
const site = path.join(build, 'editors')

let browser, server, two

beforeAll(async () => {
  const plain = install({ source })
  const replaced = install({ source, tarball: tarball() })
  await bundlePage(plain, path.join(site, 'plain'))
  await bundlePage(replaced, path.join(site, 'ropewalk'))
  server = await serve(site)
  browser = await launch()
}, 240_000)

afterAll(async () => {
  await browser?.close()
  await server?.close()
})

afterEach(() => two?.close())

const open = async (editor, sides) => (two = await Two.open(browser, server, editor, sides))

// What every editor must do, by keyboard.
for (const editor of ['tiptap', 'codemirror', 'quill']) {
  describe(editor, () => {
    test('typing on both sides, deleting, cursors', async () => {
      const { left, right } = await open(editor)
      await left.type('Hello from the left')
      await two.agree()
      await right.press('Control+End', 'Enter')
      await right.type('and from the right!')
      await right.press('Backspace')
      await two.agree()
      match(await left.text(), /Hello from the left\s+and from the right\s*$/)

      await left.press('Control+Home', 'Shift+End')
      await two.agree()
      await right.carets.first().waitFor({ state: 'attached' })
      equal(await right.carets.count(), 1, "Ben sees Ann's cursor")
      match(await right.page.locator('body').textContent(), /Ann/)
      await two.picture(`${editor}-cursors`)

      await left.press('Delete')
      await two.agree()
      match(await right.text(), /^\s*and from the right\s*$/)
    })

    test('undo and redo take back only what one wrote', async () => {
      const { left, right } = await open(editor)
      await left.type('one ')
      await two.agree()
      await right.press('Control+End')
      await right.type('two ')
      await two.agree()
      // Later than what an undo manager takes for one thing.
      await left.page.waitForTimeout(600)
      await left.press('Control+Home')
      await left.type('zero ')
      await two.agree()
      match(await right.text(), /zero one two/)
      await left.press('Control+z')
      await two.agree()
      match(await right.text(), /^one two/)
      await left.press('Control+z')
      await two.agree()
      match(await right.text(), /^\s*two/)
      const redo = editor === 'codemirror' ? 'Control+y' : 'Control+Shift+z'
      await left.press(redo, redo)
      await two.agree()
      match(await right.text(), /^zero one two/)
      await right.press('Control+z')
      await two.agree()
      match(await left.text(), /^zero one\s*$/)
    })

    test('edits at the same place, made apart', async () => {
      const { left, right } = await open(editor)
      await left.type('shared line')
      await two.agree()
      await two.both((side) => side.offline())
      await left.press('Control+Home')
      await left.type('left ')
      await right.press('Control+Home')
      await right.type('right ')
      await left.press('Control+End', 'Enter')
      await left.type('second')
      await right.press('Control+End', 'Backspace', 'Backspace', 'Backspace', 'Backspace')
      notEqual(await left.text(), await right.text())
      await two.both((side) => side.online())
      await two.agree()
      match(await left.text(), /^(left right|right left) shared \s*second/)
      await two.picture(`${editor}-merged`)
    })

    for (const sides of [
      { left: 'ropewalk', right: 'plain' },
      { left: 'ropewalk', right: 'ropewalk' },
    ]) {
      test(`random steps, apart and together, ${sides.left} and ${sides.right}`, async () => {
        const { left, right } = await open(editor, sides)
        for (let round = 0; round < rounds; round++) {
          if (round % 2) await two.both((side) => side.offline())
          await left.run((page, seed) => page.steps(20, seed), 2 * round + 1)
          await right.run((page, seed) => page.steps(20, seed), 2 * round + 2)
          if (round % 2) await two.both((side) => side.online())
          await two.agree()
        }
        await two.picture(`${editor}-random-${sides.right}`)
      })
    }
  })
}

test('tiptap: bold, headings and lists, together and apart', async () => {
  const { left, right } = await open('tiptap')
  await left.press('Control+Alt+1')
  await left.type('A heading')
  await left.press('Enter')
  await left.type('Some bold text')
  await left.press('Shift+Control+ArrowLeft', 'Control+b', 'End', 'Enter')
  await left.type('- first')
  await left.press('Enter')
  await left.type('second')
  const { value } = await two.agree()
  equal(
    value,
    '<heading level="1">A heading</heading><paragraph>Some bold <bold>text</bold></paragraph>' +
      '<bulletlist><listitem><paragraph>first</paragraph></listitem>' +
      '<listitem><paragraph>second</paragraph></listitem></bulletlist><paragraph></paragraph>',
  )

  await two.both((side) => side.offline())
  await left.press('Control+Home', 'Shift+End', 'Control+i')
  await right.press('Control+Home', 'Control+Shift+ArrowRight', 'Control+b')
  await right.press('Control+Home', 'Control+Alt+2')
  await two.both((side) => side.online())
  await two.agree()
  ok(await right.page.locator('h2 em').count(), 'both formats are there')
  await two.picture('tiptap-formatted')
})

test('quill: bold, headings and lists, together and apart', async () => {
  const { left, right } = await open('quill')
  await left.type('A heading')
  await left.run((page) => page.editor.quill.formatLine(0, 1, 'header', 1, 'user'))
  await left.press('Control+End', 'Enter')
  await left.type('Some bold text')
  await left.press('Shift+Control+ArrowLeft', 'Control+b', 'End', 'Enter')
  await left.type('- first')
  await left.press('Enter')
  await left.type('second')
  await two.agree()
  match(await right.area.innerHTML(), /<h1>A heading<\/h1><p>Some bold <strong>text<\/strong>/)

  await two.both((side) => side.offline())
  await left.press('Control+Home', 'Shift+End', 'Control+i')
  await right.press('Control+Home', 'Control+Shift+ArrowRight', 'Control+b')
  await two.both((side) => side.online())
  await two.agree()
  await two.picture('quill-formatted')
})
