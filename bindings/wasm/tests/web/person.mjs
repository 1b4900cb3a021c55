// Somebody with the editor open in a browser of their own.
import { mkdirSync } from 'node:fs'
import path from 'node:path'
import { vi } from 'vitest'
import { complaints } from '../support/browser.mjs'
import { build } from '../support/paths.mjs'

export class Person {
  /** `role`: what the server lets them do; `clock`: their time passes as a test says. */
  static async open(browser, address, name, { role, clock, ...options } = {}) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 820 }, ...options })
    // A second page of the same context is the same person after a reload.
    await context.addInitScript((name) => sessionStorage.setItem('name', name), name)
    if (role !== undefined) {
      await context.route('**/api/dev/token', (route) =>
        route.continue({ postData: JSON.stringify({ ...route.request().postDataJSON(), role }) }),
      )
    }
    const person = new Person(context, await context.newPage())
    if (clock) await person.page.clock.install()
    await person.page.goto(address)
    await person.page.locator('.tiptap').waitFor()
    return person
  }

  constructor(context, page) {
    this.context = context
    this.page = page
    this.complaints = complaints(page)
    this.letter = page.locator('.tiptap')
    this.notes = page.locator('.cm-content')
    this.pill = page.locator('.pill')
  }

  /** What the document holds, what is on the screen, and what waits. */
  state() {
    return this.page.evaluate(() => {
      const { letter, notes, provider } = window.ropewalk
      const shown = document.querySelector('.tiptap').cloneNode(true)
      for (const caret of shown.querySelectorAll('.collaboration-carets__caret, .ProseMirror-separator')) caret.remove()
      return {
        letter: letter.toString(),
        notes: notes.toString(),
        screen: shown.innerText,
        unsent: provider.unsent,
        state: provider.state,
      }
    })
  }

  async status(state, timeout = 15_000) {
    await this.page.locator(`.pill[data-state=${state}]`).waitFor({ timeout })
  }

  async write(where, text) {
    await this[where].focus()
    await this.page.keyboard.press('Control+End')
    await this.page.keyboard.type(text)
  }

  async picture(name) {
    const folder = path.join(build, 'screenshots')
    mkdirSync(folder, { recursive: true })
    await this.page.screenshot({ path: path.join(folder, `${name}.png`) })
  }

  close() {
    return this.context.close()
  }
}

/**
 * Tries until `check` no longer throws. Whatever comes from somebody else comes later: the document, who is
 * there and where their carets stand travel each by themselves, and so does what a page makes of them.
 */
export const soon = (check) => vi.waitFor(check, { timeout: 15_000, interval: 50 })

/** Waits until all have the same document, all of it is on the server, and nobody has complained. */
export async function agree(...people) {
  let states
  const end = Date.now() + 30_000
  while (Date.now() < end) {
    states = await Promise.all(people.map((person) => person.state()))
    const [first] = states
    const same = states.every(({ letter, notes }) => letter === first.letter && notes === first.notes)
    if (same && states.every(({ state, unsent }) => state === 'synced' && unsent === 0)) return first
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error(`not the same after 30 s:\n${JSON.stringify(states, null, 1)}`)
}
