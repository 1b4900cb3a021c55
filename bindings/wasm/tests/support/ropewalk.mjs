// The package under test as a tarball, which is how an app gets it. ROPEWALK_MODULE=yjs packs Yjs itself
// under our name: what fails then is the test.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { binding, build, root } from './paths.mjs'

export const standIn = process.env.ROPEWALK_MODULE === 'yjs'

let packed
/** The tarball's path; its name says its content, for package managers trust a name they have seen. */
export function tarball() {
  packed ??= named(standIn ? pack(renamedYjs()) : path.join(root, 'build/npm/ropewalk.tgz'))
  return packed
}

function named(file) {
  if (!existsSync(file)) throw new Error(`no ${path.relative(root, file)}: run tools/wasm.sh first`)
  const hash = createHash('sha256').update(readFileSync(file)).digest('hex').slice(0, 12)
  const copy = path.join(build, `packed/ropewalk-${hash}.tgz`)
  mkdirSync(path.dirname(copy), { recursive: true })
  cpSync(file, copy)
  return copy
}

function pack(folder) {
  const name = execFileSync('npm', ['pack', '--silent', '--ignore-scripts'], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  return path.join(folder, name.trim())
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
