// Two npm projects beside each other in build/js: `yjs`, as package.json here says, and `ropewalk`,
// the same packages with `yjs` replaced as an application would do it.
//
//     node install.mjs [ENGINE]     prints the folder of the project
//
// ROPEWALK_JS_MODULE names another package than build/npm/ropewalk: a folder or a tarball, or `yjs`,
// which then stands in for ropewalk.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))
const root = resolve(here, '../../../..')
const read = path => readFileSync(join(here, path))

export const standIn = process.env.ROPEWALK_JS_MODULE === 'yjs'
const packagePath = resolve(process.env.ROPEWALK_JS_MODULE ?? join(root, 'build/npm/ropewalk'))

function filesOf(path) {
  if (!statSync(path).isDirectory()) return [path]
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath ?? entry.path, entry.name))
}

// What the installed project was made from.
function stampOf(replacement) {
  const hash = createHash('sha256').update(read('package.json')).update(read('package-lock.json'))
  for (const file of replacement ? filesOf(replacement).sort() : []) hash.update(readFileSync(file))
  return hash.digest('hex')
}

const npm = (folder, ...words) => {
  const quiet = ['--ignore-scripts', '--prefer-offline', '--no-audit', '--no-fund', '--loglevel=error']
  return execFileSync('npm', [...words, ...quiet], { cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function pack(folder, into) {
  const [{ filename }] = JSON.parse(npm(into, 'pack', '--json', folder))
  return join(into, filename)
}

// The folder of the project whose `yjs` is the engine's; installed anew where something has changed.
export function projectOf(engine) {
  const replaced = engine === 'ropewalk' && !standIn
  if (replaced && !existsSync(packagePath)) throw new Error(`there is no package ${packagePath}; build it, or set ROPEWALK_JS_MODULE`)
  const folder = join(root, 'build/js', replaced ? 'ropewalk' : 'yjs')
  const stamp = join(folder, 'stamp')
  const wanted = stampOf(replaced && packagePath)
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return folder
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(here, '.npmrc'), join(folder, '.npmrc'))
  const about = JSON.parse(read('package.json'))
  if (replaced) {
    const tarball = statSync(packagePath).isDirectory() ? pack(packagePath, folder) : packagePath
    about.dependencies.yjs = `file:${tarball}`
    about.overrides = { yjs: '$yjs' }
  } else {
    copyFileSync(join(here, 'package-lock.json'), join(folder, 'package-lock.json'))
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify(about, null, 2) + '\n')
  npm(folder, replaced ? 'install' : 'ci')
  writeFileSync(stamp, wanted)
  return folder
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(projectOf(process.argv[2] ?? 'ropewalk'))
