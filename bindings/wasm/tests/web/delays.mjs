// How long it takes from a key on one page until the letter stands on another.

/** Milliseconds for each of so many keys, at the pace of a fast typist. */
export async function delays(from, to, count) {
  await to.evaluate(() => {
    const text = () => document.querySelector('.tiptap').textContent.split('~').length - 1
    const begin = text()
    window.arrivals = []
    window.watching = new MutationObserver(() => {
      // What the next frame shows is on the screen after it.
      requestAnimationFrame(() => {
        const now = performance.timeOrigin + performance.now()
        while (window.arrivals.length < text() - begin) window.arrivals.push(now)
      })
    })
    window.watching.observe(document.querySelector('.tiptap'), { subtree: true, childList: true, characterData: true })
  })
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
  await to.waitForFunction((count) => window.arrivals.length >= count, count, { timeout: 10_000 })
  const presses = await from.evaluate(() => {
    removeEventListener('keydown', window.pressed, { capture: true })
    return window.presses
  })
  const arrivals = await to.evaluate(() => {
    window.watching.disconnect()
    return window.arrivals
  })
  return presses.map((press, i) => arrivals[i] - press)
}

export const percentile = (values, part) => [...values].sort((a, b) => a - b)[Math.ceil(values.length * part) - 1]
