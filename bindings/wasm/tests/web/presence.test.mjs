// Who is there and what they do, in the editor of examples/web: two and three people in Chromium.
import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { afterAll, afterEach, beforeAll, beforeEach, describe, test } from 'vitest'
import { launch } from '../support/browser.mjs'
import { RopewalkServer } from '../support/server.mjs'
import { agree, Person, soon } from './person.mjs'
import { colorsOf } from './pixels.mjs'

let server, browser, ann, ben, address
let pages = 0

beforeAll(async () => {
  ;[server, browser] = await Promise.all([RopewalkServer.start('presence'), launch()])
})
afterAll(async () => {
  await browser?.close()
  await server?.stop()
})
beforeEach(async () => {
  address = `${server.url}#presence-${++pages}`
  ann = await Person.open(browser, address, 'Ann Bell')
  ben = await Person.open(browser, address, 'Ben')
  await Promise.all([ann.status('synced'), ben.status('synced')])
})
afterEach(async () => {
  await Promise.all([ann.close(), ben.close()])
})

const quiet = () => deepEqual([...ann.complaints, ...ben.complaints], [])
/** Somebody in the list of another. */
const entry = (person, name) => person.page.locator('.people li', { hasText: name })
const becomes = (person, name, status) => person.page.locator(`.people li[data-status=${status}]`, { hasText: name }).waitFor({ timeout: 15_000 })

describe('who is there', () => {
  test('initials, names and colours; oneself first', async () => {
    await entry(ben, 'Ann Bell').waitFor()
    await ben.page.waitForFunction(() => document.querySelectorAll('.people li').length === 2)
    await soon(async () => deepEqual(await ben.page.locator('.people .badge').allInnerTexts(), ['B', 'AB']))
    equal(await ben.page.getByLabel('Your name').inputValue(), 'Ben')
    const colors = await ben.page.locator('.people .badge').evaluateAll((badges) => badges.map((badge) => badge.style.background))
    equal(new Set(colors).size, 2)
    quiet()
  })

  test('two tabs of one person are one entry, and one who comes and goes', async () => {
    await entry(ben, 'Ann Bell').waitFor()
    await soon(async () => equal(await ben.page.locator('.notices li').count(), 0))
    // A tab that was duplicated has what the first one had.
    const kept = await ann.page.evaluate(() => ({ ...sessionStorage }))
    const second = await ann.context.newPage()
    await second.addInitScript((kept) => Object.assign(sessionStorage, kept), kept)
    await second.goto(address)
    await second.locator('.pill[data-state=synced]').waitFor()
    await ben.page.locator('.people li[title*="in 2 tabs"]').waitFor()
    await soon(async () => {
      deepEqual(await ben.page.locator('.people .badge').allInnerTexts(), ['B', 'AB'])
      deepEqual(await second.locator('.people .badge').allInnerTexts(), ['AB', 'B'])
      equal(await second.locator('.people li').first().getAttribute('title'), 'You: here, in 2 tabs')
    })
    equal(await ben.page.locator('.notices li').count(), 0)
    await second.close()
    await ben.page.locator('.people li[title*="in 2 tabs"]').waitFor({ state: 'detached' })
    equal(await ben.page.locator('.notices li').count(), 0)
    quiet()
  })

  test('who comes and who goes is told, for a moment', async () => {
    // They stay for a moment only: whoever looks when all is done may be too late.
    const told = (words) => ann.page.locator('.notices li', { hasText: words }).waitFor()
    const [carl] = await Promise.all([Person.open(browser, address, 'Carl'), told('Carl has come')])
    await Promise.all([carl.close(), told('Carl has left')])
    await entry(ann, 'Carl').waitFor({ state: 'detached' })
    await soon(async () => equal(await ann.page.locator('.notices li').count(), 0))
    quiet()
  })

  test('somebody whose browser is gone all of a sudden is gone', async () => {
    const other = await launch()
    const carl = await Person.open(other, address, 'Carl')
    await entry(ann, 'Carl').waitFor()
    await Promise.all([other.close(), ann.page.locator('.notices li', { hasText: 'Carl has left' }).waitFor()])
    await entry(ann, 'Carl').waitFor({ state: 'detached' })
    ok(carl)
    quiet()
  })
})

describe('what they do', () => {
  test('typing, active, idle, away', async () => {
    await becomes(ben, 'Ann Bell', 'active')
    // Typing ends by itself, so she goes on until it has been seen.
    await soon(async () => {
      await ann.write('letter', 'Dear Sir, ')
      equal(await ben.page.locator('.people li', { hasText: 'Ann Bell' }).getAttribute('data-status'), 'typing')
      equal(await ben.page.locator('.typing').innerText(), 'Ann Bell is typing…')
    })
    equal(await ann.page.locator('.typing').innerText(), '')
    await ben.picture('presence-typing')
    await becomes(ben, 'Ann Bell', 'active')
    await soon(async () => equal(await ben.page.locator('.typing').innerText(), ''))

    const show = (state) =>
      ann.page.evaluate((state) => {
        Object.defineProperty(document, 'visibilityState', { value: state, configurable: true })
        document.dispatchEvent(new Event('visibilitychange'))
      }, state)
    await show('hidden')
    await becomes(ben, 'Ann Bell', 'away')
    await show('visible')
    await becomes(ben, 'Ann Bell', 'active')

    const { lastActivity } = await stateOf('Ann Bell')
    ok(Math.abs(Date.now() - lastActivity) < 60_000)
    quiet()
  })

  test('idle after a minute without a sign, away after five', async () => {
    const carl = await Person.open(browser, address, 'Carl', { clock: true })
    await becomes(ben, 'Carl', 'active')
    await carl.page.clock.runFor(61_000)
    await becomes(ben, 'Carl', 'idle')
    await carl.page.clock.runFor(241_000)
    await becomes(ben, 'Carl', 'away')
    await carl.page.mouse.move(300, 300)
    await carl.page.clock.runFor(200)
    await becomes(ben, 'Carl', 'active')
    await carl.close()
    quiet()
  })

  test('all the fields of presence, as they are written down', async () => {
    await ann.letter.focus()
    await ann.page.keyboard.type('# Terms\nThirty days.')
    await agree(ann, ben)
    await ben.page.locator('.people li[title*="Ann Bell"][title$="at “Terms”"]').waitFor()
    await soon(async () => {
      const state = await stateOf('Ann Bell')
      deepEqual(Object.keys(state).sort(), ['cursor', 'lastActivity', 'section', 'status', 'user'])
      match(state.user.id, /^guest-/)
      equal(state.user.name, 'Ann Bell')
      match(state.user.color, /^#[0-9a-f]{6}$/)
      equal(state.section, 'Terms')
      ok(['typing', 'active'].includes(state.status), state.status)
      ok(state.cursor.anchor && state.cursor.head)
    })
    quiet()
  })

  const stateOf = (name) =>
    ben.page.evaluate((name) => [...window.ropewalk.awareness.getStates().values()].find(({ user }) => user?.name === name), name)
})

describe('where they are', () => {
  test('a caret in the colour of its owner, with the name on it, where they write', async () => {
    await ann.letter.focus()
    await ann.page.keyboard.type('First line\nSecond line')
    await agree(ann, ben)
    const caret = ben.page.locator('.collaboration-carets__caret')
    const label = ben.page.locator('.collaboration-carets__label')
    await label.waitFor()
    equal(await label.innerText(), 'Ann Bell')
    const whereTheyAre = () =>
      ben.page.evaluate(() => {
        const box = (element) => element.getBoundingClientRect().toJSON()
        const last = document.createRange()
        last.selectNodeContents(document.querySelector('.tiptap p:last-child').firstChild)
        return {
          caret: box(document.querySelector('.collaboration-carets__caret')),
          label: box(document.querySelector('.collaboration-carets__label')),
          text: box(last),
        }
      })
    await soon(async () => {
      const places = await whereTheyAre()
      const { caret, label, text } = places
      const seen = JSON.stringify(places)
      ok(Math.abs(caret.left - text.right) <= 2 && caret.top < text.bottom, `the caret stands behind the last letter: ${seen}`)
      ok(caret.height >= 10 && caret.width <= 3, `it is a line: ${seen}`)
      ok(label.bottom <= caret.top + 8, `the label stands above it: ${seen}`)
      ok(Math.abs(label.left - caret.left) <= 2, `and begins there: ${seen}`)
    })

    // What is really on the screen: the colour of the list, and white letters on it.
    const badge = await entry(ben, 'Ann Bell').locator('.badge').evaluate((badge) => getComputedStyle(badge).backgroundColor)
    await soon(async () => {
      const seen = await colorsOf(ben.page, await label.screenshot())
      ok((seen.get(badge) ?? 0) > 0.4, `${badge} in ${JSON.stringify([...seen].slice(0, 4))}`)
      ok((seen.get('rgb(255, 255, 255)') ?? 0) > 0.01, `white in ${JSON.stringify([...seen].slice(0, 4))}`)
    })

    // It stays with its letter while others write before it.
    const before = await caret.boundingBox()
    await ben.page.keyboard.press('Control+Home')
    await ben.page.keyboard.type('Zero\n')
    await agree(ann, ben)
    await soon(async () => ok((await caret.boundingBox()).y > before.y + 10))
    await ben.picture('presence-caret')
    quiet()
  })

  test('a section that somebody would like to themselves: shown, and nothing is locked', async () => {
    await ann.letter.focus()
    await ann.page.keyboard.type('# Terms\nThirty days.\n')
    await ann.page.getByRole('button', { name: 'H1 heading' }).click()
    await ann.page.keyboard.type('Prices\nTen each.')
    const hold = ann.page.getByRole('button', { name: 'I work on this section' })
    await hold.click()
    const chip = ben.page.locator('h1 .held')
    await chip.waitFor()
    const heldSection = () => ben.page.locator('h1', { has: ben.page.locator('.held') }).evaluate((h1) => h1.lastChild.textContent)
    await soon(async () => {
      equal(await chip.innerText(), 'Ann Bell works here')
      equal(await heldSection(), 'Prices')
      equal(await ann.page.locator('h1 .held').innerText(), 'You work here')
    })
    await ben.picture('presence-held')

    // It stays with its heading, and Ben writes there all the same.
    await ben.page.locator('.tiptap').focus()
    await ben.page.keyboard.press('Control+Home')
    await ben.page.keyboard.type('Before all. ')
    await ben.write('letter', ' Or less.')
    await soon(async () => match((await agree(ann, ben)).letter, /Before all\. Terms.*Ten each\. Or less\./))
    await soon(async () => equal(await heldSection(), 'Prices'))

    equal(await hold.getAttribute('aria-pressed'), 'true')
    await hold.click()
    await chip.waitFor({ state: 'detached' })
    await soon(async () => equal(await hold.getAttribute('aria-pressed'), 'false'))

    // And it goes with who held it.
    await hold.click()
    await chip.waitFor()
    await ann.page.getByRole('switch').click()
    await chip.waitFor({ state: 'detached' })
    quiet()
  })
})

describe('who may what', () => {
  test('a reader sees everything, is seen, and cannot type', async () => {
    await ann.write('letter', 'Only to be read.')
    const carl = await Person.open(browser, address, 'Carl', { role: 'reader' })
    await carl.status('synced')
    await soon(async () => {
      equal(await carl.page.locator('.reading').innerText(), 'You may read this page, not change it.')
      equal(await carl.page.getByRole('toolbar').count(), 0)
      equal(await carl.letter.getAttribute('contenteditable'), 'false')
      equal(await carl.notes.getAttribute('contenteditable'), 'false')
    })
    await carl.letter.click()
    await carl.page.keyboard.type('No.')
    await entry(ann, 'Carl').waitFor()
    await soon(async () => equal((await agree(ann, ben, carl)).letter, '<paragraph>Only to be read.</paragraph>'))
    deepEqual(carl.complaints, [])
    await carl.close()
    quiet()
  })

  test('there is no socket before there is a token', async () => {
    const context = await browser.newContext()
    const page = await context.newPage()
    const order = []
    page.on('websocket', () => order.push('socket'))
    await page.route('**/api/dev/token', async (route) => {
      await new Promise((later) => setTimeout(later, 700))
      order.push('token')
      await route.continue()
    })
    await page.goto(address)
    await page.locator('.pill[data-state=synced]').waitFor()
    deepEqual(order, ['token', 'socket'])
    await context.close()
  })
})
