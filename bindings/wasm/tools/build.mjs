// Makes the npm package in build/npm/ropewalk out of the WebAssembly module and src/.
import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { shorten } from './names.mjs'
import { pack } from './pack.mjs'

const here = dirname(dirname(fileURLToPath(import.meta.url)))
const root = dirname(dirname(here))
const wasm = process.argv[2] ?? join(root, 'build/wasm/ropewalk.wasm')
const out = process.argv[3] ?? join(root, 'build/npm/ropewalk')
const dist = join(out, 'dist')

// In the same folder, whoever has it installed from there.
rmSync(dist, { recursive: true, force: true })
rmSync(join(out, 'types'), { recursive: true, force: true })
mkdirSync(dist, { recursive: true })
const beside = (name) => join(dirname(wasm), name)
const unpacker = readFileSync(beside('unpacker.wasm')).toString('base64')

/** A module as the package has it: as a file, and as text that a script carries. */
const modules = (bytes, file) => {
  // Tests know the engine by rw_report.
  const { module, names: short } = shorten(bytes, (name) => /^rw_(?!report$)/.test(name))
  writeFileSync(join(dist, file), module)
  const text = { ...pack(module), unpacker }
  const packed = {
    name: 'packed',
    setup(on) {
      on.onLoad({ filter: /packed\.ts$/ }, () => ({
        contents: Object.entries(text)
          .map(([name, value]) => `export const ${name} = ${JSON.stringify(value)}`)
          .join('\n')
      }))
    }
  }
  return {
    bundle: true,
    minify: true,
    keepNames: false,
    sourcemap: true,
    target: 'es2022',
    platform: 'neutral',
    logLevel: 'warning',
    mangleProps: /^rw_/,
    reserveProps: /^rw_report$/,
    mangleCache: short,
    plugins: [packed],
    external: ['*.wasm']
  }
}
const common = modules(readFileSync(wasm), 'ropewalk.wasm')
const ofStorage = modules(readFileSync(beside('storage.wasm')), 'storage.wasm')
const bundle = (entry, name, more) =>
  build({ ...common, entryPoints: [join(here, 'src/entry', entry)], outfile: join(dist, name), ...more })
// What is bundled apart works on the documents of the entry beside it, and throws its errors.
const besideEngine = (engine) => ({
  name: 'engine',
  setup(on) {
    on.onResolve({ filter: /^\.\.\/index\.js$|\/RopewalkError\.js$/ }, ({ importer }) =>
      /src\/(provider|storage|engine)\//.test(importer.replaceAll('\\', '/')) ? { path: engine, external: true } : undefined
    )
  }
})
const provider = (format, name, engine) =>
  bundle('../provider/index.ts', name, { format, plugins: [besideEngine(engine)] })
const storage = (entry, format, name, engine) =>
  bundle(entry, name, { ...ofStorage, format, plugins: [...ofStorage.plugins, besideEngine(engine)] })

await Promise.all([
  bundle('embedded.ts', 'ropewalk.mjs', { format: 'esm' }),
  bundle('embedded.ts', 'ropewalk.cjs', { format: 'cjs' }),
  bundle('slim.ts', 'slim.mjs', { format: 'esm' }),
  bundle('workerd.ts', 'workerd.mjs', { format: 'esm' }),
  bundle('../react/index.ts', 'react.mjs', { format: 'esm', external: ['react'] }),
  bundle('../react/index.ts', 'react.cjs', { format: 'cjs', external: ['react'] }),
  provider('esm', 'provider.mjs', './ropewalk.mjs'),
  provider('cjs', 'provider.cjs', './ropewalk.cjs'),
  provider('esm', 'provider-slim.mjs', './slim.mjs'),
  provider('esm', 'provider-workerd.mjs', './workerd.mjs'),
  storage('storage.ts', 'esm', 'storage.mjs', './ropewalk.mjs'),
  storage('storage.ts', 'cjs', 'storage.cjs', './ropewalk.cjs'),
  storage('storage-slim.ts', 'esm', 'storage-slim.mjs', './slim.mjs'),
  storage('storage-workerd.ts', 'esm', 'storage-workerd.mjs', './workerd.mjs')
])

// Both ways to load it in Node share one instance.
for (const [from, to] of [['ropewalk', 'node'], ['provider', 'provider-node'], ['storage', 'storage-node']]) {
  const names = Object.keys(await import(join(dist, `${from}.cjs`)).then((module) => module.default))
  writeFileSync(
    join(dist, `${to}.mjs`),
    `import ${from} from './${from}.cjs'\nexport const { ${names.join(', ')} } = ${from}\n`
  )
}

execFileSync(
  join(here, 'node_modules/.bin/tsc'),
  ['-p', here, '--outDir', join(out, 'types')],
  { stdio: 'inherit' }
)

cpSync(join(here, 'README.md'), join(out, 'README.md'))
cpSync(join(root, 'LICENSE'), join(out, 'LICENSE'))

// Releases are numbered so that they pass for the release of Yjs whose documents these are.
const header = readFileSync(join(root, 'include/crdt/version.hpp'), 'utf8')
const part = (name) => Number(header.match(new RegExp(`ROPEWALK_VERSION_${name} ([0-9]+)`))[1])
const release = part('MAJOR') * 10_000 + part('MINOR') * 100 + part('PATCH')
const { name, description, license } = JSON.parse(readFileSync(join(here, 'package.json'), 'utf8'))
writeFileSync(
  join(out, 'package.json'),
  JSON.stringify(
    {
      name,
      version: `13.6.${1000 + release}`,
      description,
      license,
      type: 'module',
      main: './dist/ropewalk.cjs',
      module: './dist/ropewalk.mjs',
      types: './types/index.d.ts',
      sideEffects: ['./dist/*'],
      // For ropewalk/react alone.
      peerDependencies: { react: '>=18' },
      peerDependenciesMeta: { react: { optional: true } },
      exports: {
        '.': {
          types: './types/index.d.ts',
          workerd: './dist/workerd.mjs',
          node: { import: './dist/node.mjs', require: './dist/ropewalk.cjs' },
          import: './dist/ropewalk.mjs',
          require: './dist/ropewalk.cjs',
          default: './dist/ropewalk.mjs'
        },
        './slim': { types: './types/index.d.ts', default: './dist/slim.mjs' },
        './react': {
          types: './types/react/index.d.ts',
          import: './dist/react.mjs',
          require: './dist/react.cjs'
        },
        './provider': {
          types: './types/provider/index.d.ts',
          workerd: './dist/provider-workerd.mjs',
          node: { import: './dist/provider-node.mjs', require: './dist/provider.cjs' },
          import: './dist/provider.mjs',
          require: './dist/provider.cjs',
          default: './dist/provider.mjs'
        },
        './slim/provider': {
          types: './types/provider/index.d.ts',
          default: './dist/provider-slim.mjs'
        },
        './storage': {
          types: './types/storage/index.d.ts',
          workerd: './dist/storage-workerd.mjs',
          node: { import: './dist/storage-node.mjs', require: './dist/storage.cjs' },
          import: './dist/storage.mjs',
          require: './dist/storage.cjs',
          default: './dist/storage.mjs'
        },
        './slim/storage': {
          types: './types/storage/index.d.ts',
          default: './dist/storage-slim.mjs'
        },
        './ropewalk.wasm': './dist/ropewalk.wasm',
        './package.json': './package.json'
      }
    },
    null,
    2
  ) + '\n'
)
