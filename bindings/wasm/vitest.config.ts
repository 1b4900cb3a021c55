import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// The package as it is published, built by tools/wasm.sh.
const built = new URL('../../build/npm/ropewalk/dist/node.mjs', import.meta.url)

export default defineConfig({
  resolve: { alias: { ropewalk: fileURLToPath(built) } },
  test: { include: ['tests/**/*.test.ts', 'tests/**/*.test.tsx'], testTimeout: 60_000 }
})
