import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

// What needs Chromium or package managers; the tests of the package itself are in ../vitest.config.ts.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  test: {
    include: ['**/*.test.mjs'],
    // One Chromium at a time, and nothing that is measured beside something else.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 300_000,
  },
})
