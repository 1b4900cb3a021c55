// Files of fixtures, read.
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'

const kFormat = 'ropewalk-yjs-fixtures/1'
const kManifest = 'manifest.json'

// Files of the folder, in the order of their names; what its manifest lists must be there.
export function listFixtures(folder) {
  const manifest = join(folder, kManifest)
  const listed = existsSync(manifest) ? JSON.parse(readFileSync(manifest, 'utf8')).files : []
  for (const { file } of listed) {
    if (!existsSync(join(folder, file))) throw new Error(`${manifest} names ${file}, which is missing`)
  }
  return readdirSync(folder)
    .filter(name => /\.json(\.gz)?$/.test(name) && name !== kManifest)
    .sort()
    .map(name => join(folder, name))
}

// A file, packed or not: { family, cases }.
export function loadFixtures(path) {
  const bytes = readFileSync(path)
  const { format, family, cases } = parse(path.endsWith('.gz') ? gunzipSync(bytes) : bytes)
  if (format !== kFormat) throw new Error(`${path}: its format is not ${kFormat}`)
  return { family, cases }
}

// Strings of code units become strings; they may stand wherever a string may.
export const parse = text => JSON.parse(text, (_, value) => (value?.$utf16 ? String.fromCharCode(...value.$utf16) : value))
