import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The package as it is published, built by tools/wasm.sh.
const built = (file: string) => fileURLToPath(new URL(`../../build/npm/ropewalk/dist/${file}`, import.meta.url))

export default defineConfig({
  resolve: { alias: { 'ropewalk/provider': built('provider-node.mjs'), 'ropewalk/storage': built('storage-node.mjs'), ropewalk: built('node.mjs') } },
  test: {
    include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'],
    testTimeout: 60_000,
    execArgv: ['--expose-gc'],
    // Node loads it by itself, so that the engine is one for all entries of the package.
    server: { deps: { external: [/build\/npm\/ropewalk\/dist/] } }
  }
})
