// Tests one after another, counted.
const kPatienceMs = 10_000

let passed = 0
let failed = 0

export async function test(what, run) {
  let timer
  const patience = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done after ${kPatienceMs / 1000} s`)), kPatienceMs)
  })
  try {
    await Promise.race([run(), patience])
    passed++
  } catch (error) {
    failed++
    console.log(`FAILED ${what}\n    ${error.stack.split('\n').join('\n    ')}`)
  } finally {
    clearTimeout(timer)
  }
}

// Waits for what will hold soon; else says what it is waiting for, and what there is instead.
export async function until(what, holds, shown = () => '') {
  const end = Date.now() + kPatienceMs / 2
  while (!holds()) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what} ${shown()}`)
    await new Promise(resolve => setTimeout(resolve, 5))
  }
}

export function finish() {
  console.log(`${passed} passed, ${failed} failed`)
  process.exit(failed > 0 ? 1 : 0)
}
