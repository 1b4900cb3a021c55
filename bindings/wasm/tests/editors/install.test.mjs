// `yjs` replaced as the README says, by each package manager: one copy of the module, and it works.
import { deepEqual, equal } from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { test } from 'vitest'
import { install } from '../support/install.mjs'
import { tests } from '../support/paths.mjs'
import { standIn, tarball } from '../support/ropewalk.mjs'

for (const manager of ['npm', 'pnpm', 'yarn']) {
  test(`${manager}: one module, used by the app and by every binding`, () => {
    const folder = install({ source: path.join(tests, 'editors/app'), manager, tarball: tarball() })
    const copies = new Set(packagesIn(path.join(folder, 'node_modules'), ['yjs', 'ropewalk']))
    equal(copies.size, 1, [...copies].join('\n'))

    const out = execFileSync(process.execPath, ['src/smoke.mjs', 'ropewalk'], {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    // Yjs itself has two instances, one for `import` and one for `require`.
    deepEqual(JSON.parse(out), { package: 'ropewalk', sameAsRequire: !standIn })
  })
}

// The real folders of all packages below `modules` that call themselves one of `names`.
function packagesIn(modules, names, seen = new Set()) {
  const real = realpathSync(modules)
  if (seen.has(real)) return []
  seen.add(real)
  const found = []
  for (const entry of readdirSync(real)) {
    const folder = path.join(real, entry)
    if (entry.startsWith('@') || entry === 'node_modules') {
      found.push(...packagesIn(folder, names, seen))
      continue
    }
    if (entry === '.pnpm') {
      for (const one of readdirSync(folder)) {
        if (one !== 'lock.yaml') found.push(...packagesIn(path.join(folder, one), names, seen))
      }
      continue
    }
    try {
      if (names.includes(JSON.parse(readFileSync(path.join(folder, 'package.json'))).name)) {
        found.push(realpathSync(folder))
      }
      found.push(...packagesIn(path.join(folder, 'node_modules'), names, seen))
    } catch {}
  }
  return found
}
