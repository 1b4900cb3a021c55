// Lets one process have the same file once for each engine: what is imported with `?engine=NAME`
// takes the packages it names from that engine's project, and hands the query on to files of its own.
// `yjs-itself` is Yjs for whoever asks.
import { isBuiltin } from 'node:module'

let projects = {}

export function initialize(data) {
  projects = data
}

export async function resolve(specifier, context, next) {
  const from = (engine, name) => next(name, { ...context, parentURL: projects[engine] })
  if (specifier === 'yjs-itself') return from('yjs', 'yjs')
  const engine = context.parentURL && new URL(context.parentURL).searchParams.get('engine')
  if (!engine || isBuiltin(specifier)) return next(specifier, context)
  if (!/^(\.|\/|file:)/.test(specifier)) return from(engine, specifier)
  const found = await next(specifier, context)
  const url = new URL(found.url)
  // What keeps state that both share is loaded once.
  if (!url.pathname.includes('/node_modules/') && !url.searchParams.has('shared')) url.searchParams.set('engine', engine)
  return { ...found, url: url.href }
}
