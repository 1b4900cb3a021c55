// Files of the tests with `yjs` being one engine or the other: see resolve.mjs.
import './clock.mjs?shared'
import { register } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { projectOf, standIn } from '../packages/install.mjs'

const projectUrl = engine => pathToFileURL(join(projectOf(engine), 'index.mjs')).href
register('./resolve.mjs', import.meta.url, { data: { yjs: projectUrl('yjs'), ropewalk: projectUrl('ropewalk') } })

// Yjs stands in for ropewalk: then `ropewalk` is a second name for it.
export { standIn }

// `load('ropewalk', import.meta.url)('./script.mjs')`
export const load = (engine, parent) => file => {
  const url = new URL(file, parent)
  url.searchParams.set('engine', engine)
  return import(url.href)
}
