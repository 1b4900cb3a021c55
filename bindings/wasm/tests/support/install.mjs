// An app installed the way its README tells people to, by each package manager, with `yjs` replaced.
// Kept in build/ and made anew only when something in it has changed.
import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { binding, build } from './paths.mjs'

const bin = (name) => path.join(binding, 'node_modules/.bin', name)
// Yarn does not read .npmrc.
const registry = () => execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim()

const managers = {
  npm: {
    prepare(_, manifest, spec) {
      if (spec) manifest.overrides = { ...manifest.overrides, yjs: '$yjs' }
    },
    install: (folder) => run('npm', ['install', '--prefer-offline', '--loglevel=error'], folder),
  },
  pnpm: {
    prepare(folder, manifest, spec) {
      delete manifest.overrides
      writeFileSync(
        path.join(folder, 'pnpm-workspace.yaml'),
        `overrides:\n  yjs: '${spec}'\nignoreScripts: true\n`,
      )
    },
    install(folder) {
      // The versions of package-lock.json, so that all managers install the same.
      run(bin('pnpm'), ['import'], folder)
      run(bin('pnpm'), ['install', '--no-frozen-lockfile', '--prefer-offline', '--reporter=silent'], folder)
    },
  },
  yarn: {
    prepare(folder, manifest, spec) {
      delete manifest.overrides
      manifest.resolutions = { yjs: spec }
      writeFileSync(
        path.join(folder, '.yarnrc.yml'),
        'nodeLinker: node-modules\nenableScripts: false\nenableTelemetry: false\nenableImmutableInstalls: false\nenableGlobalCache: true\n',
      )
      // Its presence tells Yarn that this is a project of its own.
      writeFileSync(path.join(folder, 'yarn.lock'), '')
    },
    install: (folder) =>
      run(bin('yarn'), ['install'], folder, { YARN_NPM_REGISTRY_SERVER: registry() }),
  },
}

/**
 * Installs the app in `source` with a package manager and returns the folder.
 * @param {{source: string, manager?: 'npm'|'pnpm'|'yarn', tarball?: string, name?: string}} options the
 *   tarball is installed as `name`; called yjs, it replaces Yjs for all packages of the app
 */
export function install({ source, manager = 'npm', tarball, name = 'yjs' }) {
  const app = `${path.basename(path.dirname(source))}-${tarball ? manager : 'plain'}`
  const folder = path.join(build, 'installed', app)
  const stamp = path.join(folder, '.installed')
  const key = keyOf(source, manager, tarball)
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== key) {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const file of ['package.json', 'package-lock.json', '.npmrc']) {
      cpSync(path.join(source, file), path.join(folder, file))
    }
    const manifest = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8'))
    const { prepare, install: go } = managers[manager]
    const spec = tarball && `file:${tarball}`
    if (spec) manifest.dependencies = { ...manifest.dependencies, [name]: spec }
    prepare(folder, manifest, name === 'yjs' && spec)
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, null, 2))
    go(folder)
    writeFileSync(stamp, key)
  }
  for (const entry of readdirSync(source)) {
    if (entry === 'node_modules' || entry.startsWith('package') || entry.startsWith('.')) continue
    cpSync(path.join(source, entry), path.join(folder, entry), { recursive: true })
  }
  return folder
}

function keyOf(source, manager, tarball) {
  const hash = createHash('sha256').update(`${manager} ${tarball ?? ''}`)
  for (const file of ['package.json', 'package-lock.json']) hash.update(readFileSync(path.join(source, file)))
  hash.update(readFileSync(new URL(import.meta.url)))
  return hash.digest('hex')
}

function run(command, args, cwd, env = {}) {
  try {
    execFileSync(command, args, {
      cwd,
      env: { ...process.env, ...env },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  } catch (error) {
    throw new Error(`${path.basename(command)} ${args.join(' ')} failed:\n${error.stdout}\n${error.stderr}`)
  }
}
