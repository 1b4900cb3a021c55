// The package under test as a tarball, which is how an app gets it. ROPEWALK_MODULE=yjs packs Yjs itself
// under our name: what fails then is the test.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { binding, build, root } from './paths.mjs'

export const standIn = process.env.ROPEWALK_MODULE === 'yjs'

let packed
/** The tarball's path. Packed once a process; the same content is the same file. */
export function tarball() {
  packed ??= pack(standIn ? renamedYjs() : path.join(root, 'build/npm/ropewalk'))
  return packed
}

function pack(folder) {
  if (!existsSync(path.join(folder, 'package.json'))) {
    throw new Error(`no package in ${path.relative(root, folder)}: build the binding first`)
  }
  const into = path.join(build, 'packed')
  mkdirSync(into, { recursive: true })
  const out = execFileSync('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', into], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  const made = Object.values(JSON.parse(out))[0]
  const file = path.join(into, made.filename)
  // Package managers trust a name they have seen: other content needs another name.
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12)
  const named = path.join(into, `ropewalk-${hash}.tgz`)
  cpSync(file, named)
  rmSync(file)
  return named
}

function renamedYjs() {
  const folder = path.join(build, 'stand-in')
  rmSync(folder, { recursive: true, force: true })
  cpSync(path.join(binding, 'node_modules/yjs'), folder, { recursive: true })
  const file = path.join(folder, 'package.json')
  const manifest = JSON.parse(readFileSync(file, 'utf8'))
  writeFileSync(
    file,
    JSON.stringify({ ...manifest, name: 'ropewalk', version: '13.6.1000', scripts: {} }),
  )
  return folder
}
