import { build as esbuild } from 'esbuild'
import { cpSync, mkdirSync, readdirSync } from 'node:fs'
import path from 'node:path'

/** Bundles the page of an installed app into `into`, as any bundler would, and copies its HTML. */
export async function bundlePage(app, into, entries = ['src/page.js']) {
  mkdirSync(into, { recursive: true })
  await esbuild({
    absWorkingDir: app,
    entryPoints: entries,
    outdir: into,
    bundle: true,
    splitting: true,
    format: 'esm',
    target: 'es2022',
    loader: { '.svg': 'dataurl' },
    define: { 'process.env.NODE_ENV': '"production"' },
    logLevel: 'error',
  })
  for (const file of readdirSync(path.join(app, 'src'))) {
    if (file.endsWith('.html')) cpSync(path.join(app, 'src', file), path.join(into, file))
  }
}
