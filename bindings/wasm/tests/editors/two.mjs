// Two people at one document in one window: the left side on ropewalk, the right side on Yjs.
import { deepEqual, equal } from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import * as Y from 'yjs'
import { complaints } from '../support/browser.mjs'
import { build } from '../support/paths.mjs'

let rooms = 0

export class Two {
  static async open(browser, server, editor, sides = { left: 'ropewalk', right: 'plain' }) {
    const room = `${editor}-${rooms++}`
    // One context, so that its pages hear each other; two pages, so that each has a focus of its own.
    const context = await browser.newContext({ viewport: { width: 600, height: 400 } })
    const open = (side, name, color, client) =>
      Side.open(context, `${server.url}/${sides[side]}/page.html`, { editor, room, name, color, client })
    const two = new Two(context, editor)
    two.left = await open('left', 'Ann', '#c2410c', 7)
    two.right = await open('right', 'Ben', '#1d4ed8', 8)
    return two
  }

  constructor(context, editor) {
    this.context = context
    this.editor = editor
  }

  both(action) {
    return Promise.all([action(this.left), action(this.right)])
  }

  /**
   * Both sides have all edits of the other and show the same; and what each side would send to a new
   * reader is one and the same document to Yjs.
   */
  async agree() {
    let left, right, ours, theirs, same
    // Deletions alone move no state vector: only the whole tells that all has arrived.
    for (let tries = 0; tries < 100 && !same; tries++) {
      if (tries) await new Promise((later) => setTimeout(later, 50))
      ;[left, right] = await this.both((side) => side.run((page) => page.state()))
      if (left.vector !== right.vector || left.shown !== right.shown) continue
      ;[ours, theirs] = [left, right].map(({ update }) => loaded(update))
      same = canonical(ours) === canonical(theirs)
    }
    equal(left.shown, right.shown, 'the editors show different documents')
    equal(left.value, right.value, 'the documents differ')
    equal(left.vector, right.vector, 'an edit has not arrived')
    equal(canonical(ours), canonical(theirs), 'Yjs reads two different documents')
    const kept = this.editor === 'tiptap' ? ours.getXmlFragment('content') : ours.getText('content')
    equal(kept.toJSON(), left.value, 'Yjs reads something else than the page has')
    await this.both((side) => deepEqual(side.complaints, [], 'the page complained'))
    return left
  }

  /** Both pages side by side, as a file to look at. */
  async picture(name) {
    const folder = path.join(build, 'screenshots')
    mkdirSync(folder, { recursive: true })
    const [left, right] = await this.both((side) => side.page.screenshot({ type: 'png' }))
    const page = await this.context.newPage()
    await page.setViewportSize({ width: 1210, height: 400 })
    const image = (png) => `<img src="data:image/png;base64,${png.toString('base64')}">`
    await page.setContent(
      `<body style="margin:0;display:flex;gap:10px;background:#999">${image(left)}${image(right)}`,
    )
    await page.screenshot({ path: path.join(folder, `${name}.png`) })
    await page.close()
  }

  close() {
    return this.context.close()
  }
}

const areas = { tiptap: '.tiptap', codemirror: '.cm-content', quill: '.ql-editor' }
const carets = {
  tiptap: '.collaboration-carets__caret',
  codemirror: '.cm-ySelectionCaret',
  quill: '.ql-cursor:not(.hidden)',
}

export class Side {
  static async open(context, address, query) {
    const page = await context.newPage()
    const side = new Side(page, query.editor)
    await page.goto(`${address}?${new URLSearchParams(query)}`)
    try {
      await page.locator('body[data-ready=yes]').waitFor({ state: 'attached', timeout: 30_000 })
    } catch (cause) {
      throw new Error(`the editor did not start: ${side.complaints.join('\n')}`, { cause })
    }
    return side
  }

  constructor(page, editor) {
    this.page = page
    this.area = page.locator(areas[editor])
    this.carets = page.locator(carets[editor])
    this.complaints = complaints(page)
  }

  /** Runs a function in the page, on its `window.page`. */
  run(action, argument) {
    const source = `(${action})(window.page, ${JSON.stringify(argument)})`
    return this.page.evaluate(source)
  }

  async press(...keys) {
    await this.focus()
    for (const key of keys) {
      await this.page.keyboard.press(key)
      await this.rest()
    }
  }

  async type(text) {
    await this.focus()
    await this.page.keyboard.type(text)
    await this.rest()
  }

  async focus() {
    if (await this.area.evaluate((area) => area === document.activeElement)) return
    await this.area.focus()
    await this.rest()
  }

  /** ProseMirror takes no moved selection for 50 ms after it was given the focus or has drawn. */
  rest() {
    return this.page.waitForTimeout(60)
  }

  text() {
    return this.run((page) => page.editor.text())
  }

  offline() {
    return this.run((page) => page.peer.offline())
  }

  online() {
    return this.run((page) => page.peer.online())
  }
}

function loaded(update) {
  const doc = new Y.Doc()
  Y.applyUpdate(doc, Buffer.from(update, 'base64'))
  return doc
}

// Through a second document, so that how the bytes were cut says nothing.
const canonical = (doc) => encoded(loaded(encoded(doc)))
const encoded = (doc) => Buffer.from(Y.encodeStateAsUpdate(doc)).toString('base64')
