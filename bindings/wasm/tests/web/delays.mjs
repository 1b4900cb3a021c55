// How long it takes from a key on one page until the letter stands on another, and on the page itself.

/** In a page: notes when each further `~` has come to its screen. */
function watch() {
  const area = document.querySelector('.tiptap')
  const count = () => area.textContent.split('~').length - 1
  const begin = count()
  window.arrivals = []
  window.watching = new MutationObserver(() => {
    // What the next frame shows is on the screen after it.
    requestAnimationFrame(() => {
      const now = performance.timeOrigin + performance.now()
      while (window.arrivals.length < count() - begin) window.arrivals.push(now)
    })
  })
  window.watching.observe(area, { subtree: true, childList: true, characterData: true })
}

function arrived(count) {
  return window.arrivals.length >= count
}

function stop() {
  window.watching.disconnect()
  return window.arrivals
}

/** Milliseconds for each of so many keys, at the pace of a fast typist: to the other screen, and to one's own. */
export async function delays(from, to, count) {
  await Promise.all([from.evaluate(watch), to.evaluate(watch)])
  await from.evaluate(() => {
    window.presses = []
    window.pressed = (event) => event.key === '~' && window.presses.push(performance.timeOrigin + event.timeStamp)
    addEventListener('keydown', window.pressed, { capture: true })
  })
  await from.locator('.tiptap').focus()
  for (let i = 0; i < count; i++) {
    await from.keyboard.press('~')
    await from.waitForTimeout(60)
  }
  await Promise.all([from, to].map((page) => page.waitForFunction(arrived, count, { timeout: 60_000 })))
  const presses = await from.evaluate(() => {
    removeEventListener('keydown', window.pressed, { capture: true })
    return window.presses
  })
  const since = (arrivals) => presses.map((press, i) => arrivals[i] - press)
  return { other: since(await to.evaluate(stop)), own: since(await from.evaluate(stop)) }
}

export const percentile = (values, part) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1]
