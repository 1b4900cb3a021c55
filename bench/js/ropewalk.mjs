// Where the package that is measured lies: built by this repository, not installed.
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'

const here = dirname(fileURLToPath(import.meta.url))

/// Its folder: ROPEWALK_PACKAGE, else the one that the build makes. Another package with the API of
/// Yjs can stand in for it there.
export function ropewalkFolder() {
  const folder = resolve(process.env.ROPEWALK_PACKAGE ?? join(here, '../../build/npm/ropewalk'))
  if (!existsSync(join(folder, 'package.json'))) {
    throw new Error(`no package in ${folder}: build it, or name one in ROPEWALK_PACKAGE`)
  }
  return folder
}

export const readPackage = folder => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))

/// What Node would load for `import 'ropewalk'` if it were installed.
export function ropewalkEntry() {
  const folder = ropewalkFolder()
  const { exports, module, main } = readPackage(folder)
  let entry = exports?.['.'] ?? exports ?? module ?? main
  while (typeof entry === 'object') {
    const condition = Object.keys(entry).find(key => ['node', 'import', 'default'].includes(key))
    entry = entry[condition]
  }
  return pathToFileURL(join(folder, entry)).href
}
